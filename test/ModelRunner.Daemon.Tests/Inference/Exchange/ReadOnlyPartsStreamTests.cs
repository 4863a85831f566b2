using System.Text;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

public sealed class ReadOnlyPartsStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_parts_are_read_in_order()
    {
        using var stream = new ReadOnlyPartsStream("ab"u8.ToArray(), Array.Empty<byte>(), "cde"u8.ToArray());
        using var read = new MemoryStream();
        await stream.CopyToAsync(read, Cancellation);

        Assert.Equal("abcde", Encoding.ASCII.GetString(read.ToArray()));
        Assert.Equal(5, stream.Length);
    }

    [Fact]
    public async Task Memory_that_belongs_to_the_next_body_is_not_read_any_more()
    {
        byte[] memory = "a secret of one"u8.ToArray();
        var stream = new ReadOnlyPartsStream(memory);
        byte[] buffer = new byte[4];
        Assert.Equal(4, await stream.ReadAsync(buffer, Cancellation));
        await stream.DisposeAsync();
        "another's thing"u8.CopyTo(memory);

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.ReadExactlyAsync(buffer, Cancellation));
        Assert.Equal("a se", Encoding.ASCII.GetString(buffer));
    }
}

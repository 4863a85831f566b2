using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class BodyBufferTests
{
    private const int Megabyte = 1024 * 1024;

    [Fact]
    public void A_length_that_is_only_told_costs_a_megabyte_at_most()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var body = new BodyBuffer(512 * Megabyte);

        body.Expect(512 * Megabyte, lastBytes: 0);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * Megabyte);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public async Task A_stream_is_read_to_the_limit(int bytes, bool isWhole)
    {
        using var body = new BodyBuffer(maxBytes: 8);

        Assert.Equal(isWhole, await body.TryReadAsync(new MemoryStream(new byte[bytes]), TestContext.Current.CancellationToken));
        Assert.Equal(bytes, body.Length);
    }
}

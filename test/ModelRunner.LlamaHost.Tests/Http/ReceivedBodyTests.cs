using Microsoft.AspNetCore.Http;
using ModelRunner.LlamaHost.Http;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class ReceivedBodyTests
{
    [Fact]
    public async Task The_body_of_a_client_that_left_is_not_parsed_and_gives_its_memory_back()
    {
        const int Size = 1 << 20;
        var memory = new BodyMemory(MemoryLimits.OfProcess.CostOf(2 * Size), TimeSpan.FromMinutes(10), TimeProvider.System);
        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        var context = new DefaultHttpContext { RequestAborted = left.Token };
        context.Request.ContentLength = Size;

        // A body that is not JSON: whoever parses it reports that instead. This stream does not observe the token.
        context.Request.Body = new UncancellableStream(new byte[Size]);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReceivedBody.ReadAsync(context, memory));
        Assert.Equal((0, 0), (memory.UsedBytes, memory.WaitingCount));
    }

    private sealed class UncancellableStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}

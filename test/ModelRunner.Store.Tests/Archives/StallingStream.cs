using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Tests.Archives;

/// <summary>Has the content of another stream, and then neither bytes nor an end: its reader gives up.</summary>
internal sealed class StallingStream(Stream content, CancellationTokenSource leaving) : ForwardStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            return read;
        await leaving.CancelAsync();
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 0;
    }
}

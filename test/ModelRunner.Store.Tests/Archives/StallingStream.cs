namespace ModelRunner.Store.Tests.Archives;

/// <summary>Has the content of another stream, and then neither bytes nor an end: its reader gives up.</summary>
internal sealed class StallingStream(Stream content, CancellationTokenSource leaving) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            return read;
        await leaving.CancelAsync();
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

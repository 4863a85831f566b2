namespace ModelRunner.Daemon.Responses;

/// <summary>The body of a <see cref="WaitingStream"/>: passes events on, and keeps everything else, up to a limit.</summary>
/// <param name="client">The real body.</param>
/// <param name="response">Tells what is written.</param>
internal sealed class WaitingBody(Stream client, DetachedResponse response) : Stream
{
    // The rest of a longer error is dropped. The client then gets an error of the daemon.
    private const int MaxHeld = 64 * 1024;

    private readonly MemoryStream _held = new();

    /// <summary>What was written and not passed on.</summary>
    public ReadOnlyMemory<byte> Held => _held.GetBuffer().AsMemory(0, (int)_held.Length);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (response.IsEventStream)
        {
            response.HasStarted |= buffer.Length > 0;
            return client.WriteAsync(buffer, cancellationToken);
        }

        if (_held.Length + buffer.Length <= MaxHeld)
            _held.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => client.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

namespace ModelRunner.Client;

/// <summary>
/// A connection without TLS that tells when the response begins. <see cref="HttpClient"/> shows a response only when the whole body of the request was sent,
/// so a body that waits for its source would hide that the daemon has refused it.
/// </summary>
/// <param name="inner">The connection.</param>
/// <param name="answered">Called when anything but "100 Continue" comes, or the connection ends. It may be called several times.</param>
internal sealed class AnswerWatch(Stream inner, Action answered) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        if (buffer.Length > 0 && !buffer.Span[..read].StartsWith("HTTP/1.1 1"u8))
            answered();
        return read;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}

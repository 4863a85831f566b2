namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Reads parts of borrowed memory, one after the other. Once it is disposed, no thread reads the memory any more.
/// </summary>
internal sealed class ReadOnlyPartsStream(params ReadOnlyMemory<byte>[] parts) : Stream
{
    private readonly Lock _lock = new();
    private int _part;
    private int _position;
    private bool _isDisposed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    /// <summary>Whether the first read has begun.</summary>
    public bool IsRead { get; private set; }

    public override long Length { get; } = parts.Sum(static part => (long)part.Length);

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="ObjectDisposedException">The stream is disposed.</exception>
    public override int Read(Span<byte> buffer)
    {
        lock (_lock)
            return ReadNext(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer.AsSpan(offset, count)));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // A read in progress holds the lock, so the memory is free when this returns.
    protected override void Dispose(bool disposing)
    {
        lock (_lock)
            _isDisposed = true;
        base.Dispose(disposing);
    }

    private int ReadNext(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        IsRead = true;
        while (_part < parts.Length && _position == parts[_part].Length)
            (_part, _position) = (_part + 1, 0);
        if (_part == parts.Length)
            return 0;

        ReadOnlySpan<byte> rest = parts[_part].Span[_position..];
        int count = Math.Min(buffer.Length, rest.Length);
        rest[..count].CopyTo(buffer);
        _position += count;
        return count;
    }
}

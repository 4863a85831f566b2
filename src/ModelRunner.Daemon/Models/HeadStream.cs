namespace ModelRunner.Daemon.Models;

/// <summary>A file of which only the beginning is there. A read after it fails. Not thread-safe.</summary>
/// <param name="head">The beginning.</param>
/// <param name="length">The length of the whole file.</param>
internal sealed class HeadStream(ReadOnlyMemory<byte> head, long length) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    /// <exception cref="IOException">The bytes are not there.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (Position >= length || buffer.IsEmpty)
            return 0;
        if (Position >= head.Length)
            throw new IOException("Only the beginning of the file is here.");
        int count = (int)Math.Min(buffer.Length, head.Length - Position);
        head.Span.Slice((int)Position, count).CopyTo(buffer);
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

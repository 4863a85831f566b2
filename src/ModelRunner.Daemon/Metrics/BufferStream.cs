using System.Buffers;

namespace ModelRunner.Daemon.Metrics;

/// <summary>A write-only stream over a buffer.</summary>
internal sealed class BufferStream : Stream
{
    /// <summary>The destination; null: the bytes are discarded.</summary>
    public IBufferWriter<byte>? Buffer { get; set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> data) => Buffer?.Write(data);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

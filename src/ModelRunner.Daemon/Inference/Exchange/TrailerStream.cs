using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Writes a body in the chunks of HTTP/1.1, with a trailer after the last one. Kestrel writes chunks itself, but no trailers in HTTP/1.1; if the
/// response has the header <c>Transfer-Encoding: chunked</c>, it passes the body on as it is.
/// </summary>
/// <param name="inner">The body.</param>
/// <param name="name">The name of the trailer.</param>
/// <param name="value">Returns its value, after the end of the body.</param>
internal sealed class TrailerStream(Stream inner, string name, Func<string> value) : Stream
{
    /// <summary>A length in eight digits, and a line end.</summary>
    private const int HeadBytes = 10;

    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();

    private byte[]? _end;
    private int _endSent;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // The forwarder waits for the next part with an empty buffer.
        if (buffer.IsEmpty)
            return _end is null ? await inner.ReadAsync(buffer, cancellationToken) : 0;
        if (_end is null)
        {
            int count = await inner.ReadAsync(buffer[HeadBytes..^LineEnd.Length], cancellationToken);
            if (count > 0)
                return Frame(buffer.Span, count);
            _end = Encoding.ASCII.GetBytes($"0\r\n{name}: {value()}\r\n\r\n");
        }

        int length = Math.Min(buffer.Length, _end.Length - _endSent);
        _end.AsSpan(_endSent, length).CopyTo(buffer.Span);
        _endSent += length;
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private static int Frame(Span<byte> buffer, int count)
    {
        Utf8Formatter.TryFormat(count, buffer, out _, new StandardFormat('X', 8));
        LineEnd.CopyTo(buffer[8..]);
        LineEnd.CopyTo(buffer[(HeadBytes + count)..]);
        return HeadBytes + count + LineEnd.Length;
    }
}

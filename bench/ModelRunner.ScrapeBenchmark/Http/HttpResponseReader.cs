using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>
/// Reads responses of HTTP/1.1 servers that keep connections alive, with a length or in chunks. Not thread-safe. One reader serves any
/// number of connections, since it keeps no state between two responses.
/// </summary>
internal sealed class HttpResponseReader(int capacity = 256 * 1024)
{
    private readonly byte[] _buffer = new byte[capacity];
    private Stream _stream = Stream.Null;
    private int _start;
    private int _end;

    /// <summary>Reads one whole response.</summary>
    /// <param name="stream">The connection, at the beginning of the response.</param>
    /// <param name="body">Receives the body part by part; a part is valid only until the callback returns.</param>
    /// <returns>The status of the response.</returns>
    /// <exception cref="InvalidDataException">It is not such a response, or bytes follow it.</exception>
    /// <exception cref="EndOfStreamException">The connection ended within the response.</exception>
    public int Read(Stream stream, Action<ReadOnlySpan<byte>> body)
    {
        (_stream, _start, _end) = (stream, 0, 0);
        (int status, long? length) = ReadHead();
        if (length is { } bytes)
            PassOn(bytes, body);
        else
            PassOnChunks(body);
        return _start == _end ? status : throw new InvalidDataException("Bytes came after the end of an answer.");
    }

    private (int Status, long? Length) ReadHead()
    {
        ReadOnlySpan<byte> line = ReadLine();
        if (!line.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(line[9..], out int status, out _))
            throw new InvalidDataException($"\"{Encoding.Latin1.GetString(line)}\" begins no answer.");

        long? length = null;
        bool isChunked = false;
        while ((line = ReadLine()).Length > 0)
        {
            int colon = line.IndexOf((byte)':');
            ReadOnlySpan<byte> name = line[..Math.Max(colon, 0)];
            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
                length = Utf8Parser.TryParse(value, out long number, out int used) && used == value.Length && number >= 0 ? number : throw Malformed(line);
            else if (Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8))
                isChunked = Ascii.EqualsIgnoreCase(value, "chunked"u8) ? true : throw Malformed(line);
        }

        return length is not null || isChunked
            ? (status, isChunked ? null : length)
            : throw new InvalidDataException("An answer has neither a length nor chunks.");
    }

    private void PassOnChunks(Action<ReadOnlySpan<byte>> body)
    {
        while (ReadChunkLength() is > 0 and var length)
        {
            PassOn(length, body);
            if (ReadLine().Length > 0)
                throw new InvalidDataException("A chunk is longer than it says.");
        }

        while (ReadLine().Length > 0)
        {
            // Trailer fields are ignored.
        }
    }

    private long ReadChunkLength()
    {
        ReadOnlySpan<byte> line = ReadLine();
        int extension = line.IndexOf((byte)';');
        ReadOnlySpan<byte> digits = (extension < 0 ? line : line[..extension]).TrimEnd((byte)' ');
        return digits.Length <= 15 && long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long length)
            ? length
            : throw Malformed(line);
    }

    private void PassOn(long count, Action<ReadOnlySpan<byte>> body)
    {
        while (count > 0)
        {
            if (_start == _end)
                Fill();
            int part = (int)Math.Min(count, _end - _start);
            body(_buffer.AsSpan(_start, part));
            _start += part;
            count -= part;
        }
    }

    // Without its line end. Valid until the next read.
    private ReadOnlySpan<byte> ReadLine()
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n')) < 0)
            Fill();
        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
        _start += length + 1;
        return line is [.. var text, (byte)'\r'] ? text : line;
    }

    // Moves unread bytes to the front, so that the buffer only limits the length of a line.
    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            throw new InvalidDataException($"A line of an answer is longer than {_buffer.Length} bytes.");
        int count = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += count > 0 ? count : throw new EndOfStreamException("The connection ended before the answer did.");
    }

    private static InvalidDataException Malformed(ReadOnlySpan<byte> line) =>
        new($"\"{Encoding.Latin1.GetString(line)}\" in an answer is not understood.");
}

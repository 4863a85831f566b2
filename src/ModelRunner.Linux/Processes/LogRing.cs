using System.Text;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The last bytes that a process wrote. Older bytes are overwritten, so that a write never waits and the memory does not grow.
/// Safe for one writer and any number of readers.
/// </summary>
internal sealed class LogRing(int capacity = LogRing.DefaultCapacity)
{
    /// <summary>Enough for the whole start of llama-server, which writes about 20 KiB.</summary>
    public const int DefaultCapacity = 64 * 1024;

    private const int MaxLineLength = 400;

    private readonly byte[] _bytes = new byte[capacity];
    private readonly Lock _gate = new();
    private long _written;

    public void Write(ReadOnlySpan<byte> text)
    {
        lock (_gate)
        {
            if (text.Length > _bytes.Length)
            {
                _written += text.Length - _bytes.Length;
                text = text[^_bytes.Length..];
            }

            int position = (int)(_written % _bytes.Length);
            int first = Math.Min(text.Length, _bytes.Length - position);
            text[..first].CopyTo(_bytes.AsSpan(position));
            text[first..].CopyTo(_bytes);
            _written += text.Length;
        }
    }

    /// <summary>The last lines, oldest first, each escaped and cut. A line whose start was overwritten is left out.</summary>
    public IReadOnlyList<string> ReadLines(int maxCount = int.MaxValue)
    {
        string text = Encoding.UTF8.GetString(Copy(out bool isCut));
        string[] lines = text.Split('\n');
        int first = isCut && lines.Length > 1 ? 1 : 0;
        IEnumerable<string> whole = lines.Skip(first).Select(static line => line.TrimEnd('\r')).Where(static line => line.Length > 0);
        return [.. whole.TakeLast(maxCount).Select(static line => PlainText.EscapeAndCut(line, MaxLineLength))];
    }

    /// <summary>The bytes from a position on.</summary>
    /// <param name="position">The number of bytes that the reader has read or missed; increased to all bytes that were written.</param>
    /// <param name="lost">How many bytes from the position on were overwritten.</param>
    public byte[] ReadFrom(ref long position, out long lost)
    {
        lock (_gate)
        {
            long first = Math.Max(position, _written - _bytes.Length);
            lost = first - position;
            byte[] copy = new byte[_written - first];
            int start = (int)(first % _bytes.Length);
            int toEnd = Math.Min(copy.Length, _bytes.Length - start);
            _bytes.AsSpan(start, toEnd).CopyTo(copy);
            _bytes.AsSpan(0, copy.Length - toEnd).CopyTo(copy.AsSpan(toEnd));
            position = _written;
            return copy;
        }
    }

    private byte[] Copy(out bool isCut)
    {
        lock (_gate)
        {
            isCut = _written > _bytes.Length;
            if (!isCut)
                return _bytes[..(int)_written];

            int position = (int)(_written % _bytes.Length);
            return [.. _bytes.AsSpan(position), .. _bytes.AsSpan(0, position)];
        }
    }
}

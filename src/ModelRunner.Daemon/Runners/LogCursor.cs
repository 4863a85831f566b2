using System.Globalization;
using System.Text;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Runners;

/// <summary>One reader of the output of a process: returns each line once. A line ends with <c>\n</c> or <c>\r</c>. Not thread-safe.</summary>
/// <param name="process">The runner.</param>
internal sealed class LogCursor(IManagedRunner process)
{
    /// <summary>A line has at most this number of characters, and an unfinished line that is kept for the next call at most this number of bytes.</summary>
    public const int MaxLine = 4096;

    // Programs that show their progress write \r after each step, and \n only at the end.
    private static ReadOnlySpan<byte> LineEnds => "\r\n"u8;

    private byte[] _rest = [];
    private long _position;
    private bool _hasRead;

    /// <summary>Whether the process has ended and all of its output has been returned.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>
    /// The lines since the last call. What the process has overwritten before it was read is one line that says so, at the
    /// first call too. An unfinished line is kept until
    /// its end arrives, the process ends, or it is longer than <see cref="MaxLine"/>.
    /// </summary>
    public IReadOnlyList<string> Read()
    {
        if (IsEnded)
            return [];

        // In this order: what the process writes before its end is in the ring when the end is known.
        IsEnded = process.Exited.IsCompleted;
        if (process.Output is not { } output)
            return [];
        byte[] bytes = output.ReadFrom(ref _position, out long lost);
        List<string> lines = [];
        if (lost > 0)
        {
            // The start or the end of these lines is gone, so the rest would be misread.
            int first = bytes.AsSpan().IndexOfAny(LineEnds);
            int dropped = first < 0 ? bytes.Length : first + 1;
            long missing = lost + _rest.Length + dropped;
            _rest = [];
            bytes = bytes[dropped..];
            string reason = _hasRead ? "are missing: the engine writes faster than they were read" : "before this are no longer kept";
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"({missing} bytes {reason})"));
        }

        _hasRead = true;
        byte[] text = [.. _rest, .. bytes];
        int end = IsEnded ? text.Length : text.AsSpan().LastIndexOfAny(LineEnds) + 1;
        if (text.Length - end > MaxLine)
            end = text.Length - LengthOfPartialCharacter(text);
        _rest = text[end..];
        lines.AddRange(Encoding.UTF8.GetString(text.AsSpan(0, end)).Split('\n', '\r')
            .Where(static line => line.Length > 0).Select(static line => PlainText.EscapeAndCut(line, MaxLine)));
        return lines;
    }

    /// <summary>How many bytes at the end are the beginning of a character of UTF-8 whose other bytes have not arrived.</summary>
    private static int LengthOfPartialCharacter(ReadOnlySpan<byte> text)
    {
        for (int length = 1; length < 4 && length <= text.Length; length++)
        {
            byte first = text[^length];
            if (first is >= 0x80 and < 0xc0)
                continue;
            int whole = first switch { < 0xc0 => 1, < 0xe0 => 2, < 0xf0 => 3, _ => 4 };
            return length < whole ? length : 0;
        }

        return 0;
    }
}

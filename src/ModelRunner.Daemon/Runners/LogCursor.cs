using System.Globalization;
using System.Text;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Runners;

/// <summary>One reader of the output of a process: returns each line once. Not thread-safe.</summary>
/// <param name="process">The runner.</param>
internal sealed class LogCursor(IManagedRunner process)
{
    private const int MaxLine = 4096;

    private byte[] _rest = [];
    private long _position;
    private bool _isEnded;

    /// <summary>The lines since the last call. What the process has overwritten before it was read is one line that says so.</summary>
    public IReadOnlyList<string> Read()
    {
        if (_isEnded || process.Output is not { } output)
            return [];

        // In this order: what the process writes before its end is in the ring when the end is known.
        _isEnded = process.Exited.IsCompleted;
        bool isFirst = _position == 0;
        byte[] bytes = output.ReadFrom(ref _position, out long lost);
        List<string> lines = [];
        if (lost > 0)
        {
            // The rest of a line whose start is gone would be misread.
            _rest = [];
            bytes = bytes[(bytes.AsSpan().IndexOf((byte)'\n') + 1)..];
            if (!isFirst)
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"({lost} bytes are missing: the engine writes faster than they were read)"));
        }

        byte[] text = [.. _rest, .. bytes];
        int end = _isEnded ? text.Length : text.AsSpan().LastIndexOf((byte)'\n') + 1;
        _rest = text[end..];
        lines.AddRange(Encoding.UTF8.GetString(text.AsSpan(0, end)).Split('\n')
            .Select(static line => line.TrimEnd('\r')).Where(static line => line.Length > 0).Select(static line => PlainText.EscapeAndCut(line, MaxLine)));
        return lines;
    }
}

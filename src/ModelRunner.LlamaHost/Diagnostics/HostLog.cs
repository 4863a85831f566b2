using System.Globalization;

namespace ModelRunner.LlamaHost.Diagnostics;

/// <summary>
/// Lines on standard error in llama-server's format: minutes, seconds, milliseconds and microseconds since the start, one letter for the
/// level, the text. Causes keep llama.cpp's own wording, so that readers recognise them from both programs.
/// </summary>
internal static class HostLog
{
    private static readonly long Start = TimeProvider.System.GetTimestamp();
    private static readonly Lock Gate = new();

    /// <summary>Writes progress.</summary>
    public static void Info(string text) => Write('I', text);

    /// <summary>Writes a warning.</summary>
    public static void Warning(string text) => Write('W', text);

    /// <summary>Writes the cause of a failure.</summary>
    public static void Error(string text) => Write('E', text);

    private static void Write(char level, string text)
    {
        TimeSpan since = TimeProvider.System.GetElapsedTime(Start);
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"{(int)since.TotalMinutes}.{since.Seconds:00}.{since.Milliseconds:000}.{since.Microseconds:000} "
                + $"{level} {text.ReplaceLineEndings(" ").TrimEnd()}\n");
        lock (Gate)
        {
            Console.Error.Write(line);
        }
    }
}

using System.Globalization;

namespace ModelRunner.LlamaHost.Diagnostics;

/// <summary>
/// Lines on standard error in llama-server's form: minutes, seconds, milliseconds and microseconds since the start, one letter for the
/// level, the text. Causes are told in llama.cpp's own words, so that whoever reads the log recognises them for both programs.
/// </summary>
internal static class HostLog
{
    private static readonly long Start = TimeProvider.System.GetTimestamp();
    private static readonly Lock Gate = new();

    /// <summary>Writes what a person who looks for progress wants to see.</summary>
    public static void Info(string text) => Write('I', text);

    /// <summary>Writes what is odd but not fatal.</summary>
    public static void Warning(string text) => Write('W', text);

    /// <summary>Writes a cause of failure.</summary>
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

using System.Buffers;

namespace ModelRunner.Daemon.Engines;

/// <summary>The level in a line of an engine's log, as llama.cpp, Python's logging and warnings, and Rust's tracing write it.</summary>
internal static class LogLevelMark
{
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> TimeCharacters = SearchValues.Create("0123456789. ");

    /// <summary>Whether the first level in the start of a line is a warning or lower. False if there is none.</summary>
    /// <param name="start">The line up to its message.</param>
    public static bool IsBelowError(ReadOnlySpan<char> start)
    {
        for (int i = start.IndexOfAny(Letters); i < start.Length && i >= 0;)
        {
            int end = start[i..].IndexOfAnyExcept(Letters) is >= 0 and int length ? i + length : start.Length;
            if (IsBelowError(start[..i], start[i..end], start[end..]) is { } isBelow)
                return isBelow;
            i = start[end..].IndexOfAny(Letters) is >= 0 and int gap ? end + gap : start.Length;
        }

        return false;
    }

    // WARNING:root:…, WARNING 11-27 …, INFO:     …, {"level":"WARN",…, a.py:1: UserWarning: …, 0.00.005.017 W …
    private static bool? IsBelowError(ReadOnlySpan<char> before, ReadOnlySpan<char> word, ReadOnlySpan<char> after) => word switch
    {
        "ERROR" or "CRITICAL" or "FATAL" => false,
        "WARNING" or "WARN" or "NOTICE" or "INFO" or "DEBUG" or "TRACE" => true,
        _ when word.EndsWith("arning", StringComparison.Ordinal) && after.StartsWith(":", StringComparison.Ordinal) => true,
        "W" or "I" or "D" or "T" when !before.IsEmpty && !before.ContainsAnyExcept(TimeCharacters) => true,
        _ => null,
    };
}

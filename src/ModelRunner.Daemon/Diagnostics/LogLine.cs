using System.Globalization;
using System.Text;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Formats an event as one line: <c>2026-11-25T07:13:12.345Z INFO Runners.RunnerPool: message</c>.</summary>
internal static class LogLine
{
    /// <summary>The longest line in characters; a runner's output is otherwise unbounded.</summary>
    public const int MaxLength = 8192;

    private const string OwnPrefix = "ModelRunner.Daemon.";

    /// <summary>Formats an event. An exception becomes its type and message on the same line; its stack goes to the debug level only.</summary>
    public static string Format(DateTimeOffset time, LogLevel level, string category, string message, Exception? exception, bool withStack)
    {
        var line = new StringBuilder(128);
        line.Append(time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        line.Append(' ').Append(Name(level)).Append(' ').Append(Shorten(category)).Append(": ").Append(message);
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
            line.Append(" | ").Append(cause.GetType().Name).Append(": ").Append(cause.Message);
        if (withStack && exception?.StackTrace is { } stack)
            line.Append(" | ").Append(stack);

        return PlainText.EscapeAndCut(line.ToString(), MaxLength);
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        _ => "ERROR",
    };

    private static string Shorten(string category) =>
        category.StartsWith(OwnPrefix, StringComparison.Ordinal) ? category[OwnPrefix.Length..] : category;
}

using Microsoft.Extensions.Logging;

namespace ModelRunner.Configuration;

/// <summary>Log levels as people write them, in any case: those of Docker Model Runner and those of .NET.</summary>
internal static class LevelText
{
    /// <summary>Reads a level; false if the word is not one.</summary>
    public static bool TryParse(string text, out LogLevel level)
    {
        LogLevel? known = text.Trim().ToUpperInvariant() switch
        {
            "TRACE" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "INFO" or "INFORMATION" => LogLevel.Information,
            "WARN" or "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" or "FATAL" => LogLevel.Critical,
            _ => null,
        };
        level = known.GetValueOrDefault(LogLevel.Information);
        return known is not null;
    }
}

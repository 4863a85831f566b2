using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Pulling;

/// <summary>The log lines of pulls.</summary>
internal static partial class PullLogs
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{note}")]
    public static partial void LogPullNote(this ILogger logger, string note);

    [LoggerMessage(Level = LogLevel.Information, Message = "pull of {model} begins")]
    public static partial void LogPullBegins(this ILogger logger, ArtifactName model);

    [LoggerMessage(Level = LogLevel.Information, Message = "pull of {model} ended: {message}")]
    public static partial void LogPullEnded(this ILogger logger, ArtifactName model, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "pull of {model} failed: {message}")]
    public static partial void LogPullFailed(this ILogger logger, ArtifactName model, string message);
}

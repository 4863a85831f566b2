using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Pulling;

/// <summary>The log lines of pulls and pushes.</summary>
internal static partial class PullLogs
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{note}")]
    public static partial void LogPullNote(this ILogger logger, string note);

    [LoggerMessage(Level = LogLevel.Information, Message = "pull of {model} ended: {message}")]
    public static partial void LogPullEnded(this ILogger logger, ArtifactName model, string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "removed {files} files of the model store that no model needs, {bytes} bytes")]
    public static partial void LogCollected(this ILogger logger, int files, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "removed {files} files of the model store that were not finished, {bytes} bytes")]
    public static partial void LogUnfinished(this ILogger logger, int files, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "prune removed {files} files of the model store that no model needs, {bytes} bytes")]
    public static partial void LogPrunedFiles(this ILogger logger, int files, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "removed the model {model} from the model store: {reason}")]
    public static partial void LogPruned(this ILogger logger, string model, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "pull of {model} failed for an unexpected reason")]
    public static partial void LogPullMistake(this ILogger logger, Exception mistake, ArtifactName model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "pull of {model} failed: {message}")]
    public static partial void LogPullFailed(this ILogger logger, ArtifactName model, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "an archive was not loaded: {reason}")]
    public static partial void LogLoadFailed(this ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sending the archive of the model {model} stopped: {reason}")]
    public static partial void LogSaveFailed(this ILogger logger, string model, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "model {model}: {what}")]
    public static partial void LogDamaged(this ILogger logger, string model, string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "push of {model} ended: {message}")]
    public static partial void LogPushEnded(this ILogger logger, ArtifactName model, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "push of {model} failed: {message}")]
    public static partial void LogPushFailed(this ILogger logger, ArtifactName model, string message);
}

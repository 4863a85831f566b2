namespace ModelRunner.Daemon.Engines;

/// <summary>The log messages about processes.</summary>
internal static partial class RunnerProcessLog
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "Starting {Model} as process {Process}: {Program} {Arguments}")]
    public static partial void Starting(ILogger logger, string model, int process, string program, string arguments);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "{Model} (process {Process}) is ready after {Milliseconds:0} ms")]
    public static partial void IsReady(ILogger logger, string model, int process, double milliseconds);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Information, Message = "{Model} (process {Process}) has ended, reason={Reason}")]
    public static partial void Ended(ILogger logger, string model, int process, string? reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Warning, Message = "{Model} (process {Process}) failed, reason={Reason}: {Cause}")]
    public static partial void Failed(ILogger logger, string model, int process, string reason, string cause);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Warning, Message = "{Model} (process {Process}) did not end within {Seconds} s of SIGTERM; killing it")]
    public static partial void Killing(ILogger logger, string model, int process, double seconds);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Error,
        Message = "{Model} (process {Process}) did not end within {Seconds} s after SIGKILL; the daemon no longer waits for it")]
    public static partial void CannotBeKilled(ILogger logger, string model, int process, double seconds);

    [LoggerMessage(EventId = 2008, Level = LogLevel.Warning, Message = "{Model} (process {Process}) wrote: {Line}")]
    public static partial void Wrote(ILogger logger, string model, int process, string line);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Information,
        Message = "Cleaned up after a daemon that was killed: {Processes} processes, {Folders} folders")]
    public static partial void Swept(ILogger logger, int processes, int folders);

    [LoggerMessage(EventId = 2009, Level = LogLevel.Error,
        Message = "{Model} (process {Process}) left {Count} processes that did not end after SIGKILL; the daemon no longer waits for them")]
    public static partial void DescendantsSurvive(ILogger logger, string model, int process, int count);

    [LoggerMessage(EventId = 2010, Level = LogLevel.Warning,
        Message = "The private folder {Folder} was removed or changed while the daemon runs; made {NewFolder} for new runners")]
    public static partial void FolderReplaced(ILogger logger, string folder, string newFolder);

    [LoggerMessage(EventId = 2011, Level = LogLevel.Warning,
        Message = "No guardian process: {Cause}. If the daemon is killed, an engine behind a wrapper script lives on until the next start.")]
    public static partial void NoGuardian(ILogger logger, string cause);

    [LoggerMessage(EventId = 2013, Level = LogLevel.Warning, Message = "{Model} (process {Process}) got less than it is configured for: {Shortfalls}")]
    public static partial void FallsShort(ILogger logger, string model, int process, string shortfalls);

    [LoggerMessage(EventId = 2014, Level = LogLevel.Warning, Message = "{Model} (process {Process}) is ready, but what it uses is not known: {Cause}")]
    public static partial void NotInspected(ILogger logger, string model, int process, string cause);

    [LoggerMessage(EventId = 2012, Level = LogLevel.Warning, Message = "{Model} was not started, reason={Reason}: {Cause}")]
    public static partial void NotStarted(ILogger logger, string model, string reason, string cause);
}

namespace ModelRunner.Daemon.Runners;

// What the loop writes to the log.
internal sealed partial class SchedulerLoop
{
    [LoggerMessage(LogLevel.Information, "The context of {Model} is {Context} of {Most} tokens: as many as fit now (contextSize is auto).")]
    private partial void LogContext(string model, int context, int most);

    [LoggerMessage(LogLevel.Critical, "Internal error: the event {EventType} was lost.")]
    private partial void LogLoopFailed(Exception failure, string eventType);

    [LoggerMessage(LogLevel.Error, "Internal error: the text about {EventType} could not be written.")]
    private partial void LogTextFailed(Exception failure, string eventType);

    [LoggerMessage(LogLevel.Error, "Internal error: model {Model} could not be started.")]
    private partial void LogStartThrew(Exception failure, string model);

    [LoggerMessage(LogLevel.Error, "Internal error: the health check of runner {Runner} failed.")]
    private partial void LogCheckFailed(Exception failure, long runner);

    [LoggerMessage(
        LogLevel.Warning,
        "{Model} is not preloaded any more after {Failures} failed starts in a row. A request, a reload or another model file tries it again. "
        + "Last failure: {Cause}")]
    private partial void LogGivenUp(string model, int failures, string? cause);

    [LoggerMessage(LogLevel.Warning, "Model {Model} is not preloaded: {Problem}")]
    private partial void LogBlocked(string model, string problem);

    [LoggerMessage(LogLevel.Information, "Stopping {Model} (process {ProcessId}), reason={Reason}.")]
    private partial void LogStopping(string? model, int? processId, string reason);
}

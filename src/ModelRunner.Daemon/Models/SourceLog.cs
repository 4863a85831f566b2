namespace ModelRunner.Daemon.Models;

/// <summary>Log messages about the stores of other tools.</summary>
internal static partial class SourceLog
{
    [LoggerMessage(LogLevel.Error, "The models of {Tool} could not be read because of an internal error.")]
    public static partial void Failed(ILogger logger, Exception failure, string tool);
}

namespace ModelRunner.Daemon.Models;

/// <summary>Log messages about the stores of models.</summary>
internal static partial class SourceLog
{
    [LoggerMessage(LogLevel.Error, "The models of {Place} could not be read because of an internal error.")]
    public static partial void Failed(ILogger logger, Exception failure, string place);
}

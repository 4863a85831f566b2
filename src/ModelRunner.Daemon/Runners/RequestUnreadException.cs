namespace ModelRunner.Daemon.Runners;

/// <summary>
/// A connection ended before the runner had read the whole request, and it sent nothing: it cannot have begun to work on it, so the request
/// may be sent again.
/// </summary>
internal sealed class RequestUnreadException(IOException cause) : IOException("the runner closed the connection before it read the request", cause)
{
    /// <summary>Whether this is the reason of a failure, however deep.</summary>
    public static bool IsReasonOf(Exception? failure) => failure switch
    {
        null => false,
        RequestUnreadException => true,
        AggregateException many => many.InnerExceptions.Any(IsReasonOf),
        _ => IsReasonOf(failure.InnerException),
    };
}

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The connection ended before the runner had read the whole request and before it sent a response. It cannot have begun to process the
/// request, so the request may be sent again.
/// </summary>
internal sealed class RequestUnreadException(IOException cause) : IOException("the runner closed the connection before it read the request", cause)
{
    /// <summary>Whether this is the cause of a failure, at any depth.</summary>
    public static bool IsReasonOf(Exception? failure) => failure switch
    {
        null => false,
        RequestUnreadException => true,
        AggregateException many => many.InnerExceptions.Any(IsReasonOf),
        _ => IsReasonOf(failure.InnerException),
    };
}

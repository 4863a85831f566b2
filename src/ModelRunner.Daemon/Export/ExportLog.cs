namespace ModelRunner.Daemon.Export;

/// <summary>
/// Reports in the log when sending begins to fail and when it works again, each at most once a minute. Used only by the thread of one exporter.
/// </summary>
/// <param name="what">What is sent: <c>traces</c> or <c>metrics</c>.</param>
/// <param name="endpoint">Where it is sent.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ExportLog(string what, Uri endpoint, TimeProvider time, ILogger logger)
{
    private const string NoCause = "the cause is not known";

    private static readonly TimeSpan MinInterval = TimeSpan.FromMinutes(1);

    // An address may contain a password.
    private readonly string _address = endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
    private long? _saidAt;
    private bool _isFailing;
    private volatile string _cause = NoCause;

    /// <summary>Why the latest attempt failed, as a clause; null: the cause is not known. Thread-safe.</summary>
    public void SetCause(string? cause) => _cause = cause ?? NoCause;

    /// <summary>Sending begins.</summary>
    public void Begin() => LogBegin(what, _address);

    /// <summary>Sending ended.</summary>
    public void Report(bool isSuccessful)
    {
        if (_isFailing != isSuccessful || (_saidAt is { } said && time.GetElapsedTime(said) < MinInterval))
            return;
        (_isFailing, _saidAt) = (!isSuccessful, time.GetTimestamp());
        if (isSuccessful)
            LogWorks(what, _address);
        else
            LogFails(what, _address, _cause);
    }

    [LoggerMessage(LogLevel.Information, "The {What} are sent to {Address}.")]
    private partial void LogBegin(string what, string address);

    [LoggerMessage(LogLevel.Warning, "The {What} cannot be sent to {Address} ({Cause}); they are dropped until that works. Requests are not affected.")]
    private partial void LogFails(string what, string address, string cause);

    [LoggerMessage(LogLevel.Information, "The {What} are sent to {Address} again.")]
    private partial void LogWorks(string what, string address);
}

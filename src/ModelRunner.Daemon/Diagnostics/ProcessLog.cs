using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// The log places of this process. Sentences for the user and events of the log share one queue to standard error, so that they keep their
/// order and nobody but its writer waits for whoever reads standard error.
/// </summary>
internal static class ProcessLog
{
    private static readonly Lazy<LogQueue> Error = new(static () =>
        new LogQueue("standard error", new StandardErrorTarget(), TimeProvider.System, static _ => { }));

    private static LogQueue? _file;
    private static volatile bool _isGivenUp;

    /// <summary>Standard error.</summary>
    public static LogQueue StandardError => Error.Value;

    /// <summary>The log file; null where there is none.</summary>
    public static LogQueue? File => Volatile.Read(ref _file);

    /// <summary>Opens the log file.</summary>
    /// <exception cref="IOException">The folder or the file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be made.</exception>
    public static LogQueue OpenFile(string folder, TimeProvider time)
    {
        var target = new FileLogTarget(folder);
        var queue = new LogQueue(target.FilePath, target, time, reason => StandardError.Write(LogLine.Format(
            time.GetUtcNow(), LogLevel.Warning, typeof(ProcessLog).FullName!,
            $"The log file {target.FilePath} cannot be written: {reason}. Its lines are lost until it can; they are counted on the page.",
            exception: null, withStack: false)));
        Volatile.Write(ref _file, queue);
        return queue;
    }

    /// <summary>Says a sentence to the user on standard error, on one line whatever it quotes.</summary>
    public static void Say(string sentence) => StandardError.Write($"model-runner: {PlainText.Escape(sentence)}");

    /// <summary>
    /// Waits a short time until what was said is written; to be called before the process ends. If the time runs out, later calls return at
    /// once.
    /// </summary>
    public static void Flush()
    {
        if (Error.IsValueCreated && !Error.Value.Flush(_isGivenUp ? TimeSpan.Zero : LogQueue.FlushTime))
            _isGivenUp = true;
    }
}

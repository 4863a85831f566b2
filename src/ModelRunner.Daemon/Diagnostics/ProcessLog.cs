using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// The log targets of this process. Messages for the user and log events share one queue to standard error, so that they keep their order
/// and only its writer thread blocks when standard error is not read.
/// </summary>
internal static class ProcessLog
{
    private static readonly Lazy<LogQueue> Error = new(static () =>
        new LogQueue("standard error", new StandardErrorTarget(), TimeProvider.System, static _ => { }));

    private static LogQueue? _file;
    private static volatile bool _isGivenUp;

    /// <summary>Standard error.</summary>
    public static LogQueue StandardError => Error.Value;

    /// <summary>The log file; null if there is none.</summary>
    public static LogQueue? File => Volatile.Read(ref _file);

    /// <summary>Opens the log file.</summary>
    /// <exception cref="IOException">The folder or the file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create them.</exception>
    public static LogQueue OpenFile(string folder, TimeProvider time)
    {
        var target = new FileLogTarget(folder);
        var queue = new LogQueue(target.FilePath, target, time, reason => StandardError.Write(LogLine.Format(
            time.GetUtcNow(), LogLevel.Warning, typeof(ProcessLog).FullName!,
            $"The log file {target.FilePath} cannot be written: {reason}. Until it can be written, its lines are dropped and counted on the metrics page.",
            exception: null, withStack: false)));
        Volatile.Write(ref _file, queue);
        return queue;
    }

    /// <summary>Writes a sentence for the user to standard error, on one line whatever it quotes.</summary>
    public static void Say(string sentence) => StandardError.Write($"model-runner: {PlainText.Escape(sentence)}");

    /// <summary>
    /// Waits a short time until all messages are written; call it before the process ends. After a timeout, later calls return at once.
    /// </summary>
    public static void Flush()
    {
        if (Error.IsValueCreated && !Error.Value.Flush(_isGivenUp ? TimeSpan.Zero : LogQueue.FlushTime))
            _isGivenUp = true;
    }
}

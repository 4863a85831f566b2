namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Writes every event as one line to all sinks. Small and without reflection.</summary>
internal sealed class LineLoggerProvider(LogLevel minimum, TimeProvider time, IReadOnlyList<ILogSink> sinks) : ILoggerProvider
{
    /// <summary>Of the framework's own events only warnings and errors are shown, unless the log level shows everything.</summary>
    private readonly LogLevel _frameworkMinimum =
        minimum <= LogLevel.Debug ? minimum : (LogLevel)Math.Max((int)minimum, (int)LogLevel.Warning);

    public ILogger CreateLogger(string categoryName)
    {
        bool isOwn = categoryName.StartsWith("ModelRunner.", StringComparison.Ordinal);
        return new LineLogger(categoryName, isOwn ? minimum : _frameworkMinimum, this);
    }

    public void Dispose()
    {
        foreach (ILogSink sink in sinks)
            sink.Dispose();
    }

    private sealed class LineLogger(string category, LogLevel minimum, LineLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                provider.Write(logLevel, category, formatter(state, exception), exception, minimum <= LogLevel.Debug);
        }
    }

    private void Write(LogLevel level, string category, string message, Exception? exception, bool withStack)
    {
        string line = LogLine.Format(time.GetUtcNow(), level, category, message, exception, withStack);
        foreach (ILogSink sink in sinks)
            sink.Write(line);
    }
}

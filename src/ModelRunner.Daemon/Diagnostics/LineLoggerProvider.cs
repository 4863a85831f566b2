namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Writes every event as one line to all sinks. Small and without reflection.</summary>
internal sealed class LineLoggerProvider(LogLevel minimum, TimeProvider time, IReadOnlyList<ILogSink> sinks) : ILoggerProvider
{
    private volatile LogLevel _minimum = minimum;

    /// <summary>Replaces the lowest level that is shown, for all loggers.</summary>
    public void SetMinimum(LogLevel minimum) => _minimum = minimum;

    public ILogger CreateLogger(string categoryName) =>
        new LineLogger(categoryName, categoryName.StartsWith("ModelRunner.", StringComparison.Ordinal), this);

    public void Dispose()
    {
        foreach (ILogSink sink in sinks)
            sink.Dispose();
    }

    private sealed class LineLogger(string category, bool isOwn, LineLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The framework writes 15 lines about each request, four of them at Information.
        public bool IsEnabled(LogLevel logLevel)
        {
            LogLevel minimum = provider._minimum;
            return logLevel != LogLevel.None && logLevel >= minimum && (isOwn || minimum == LogLevel.Trace || logLevel >= LogLevel.Warning);
        }

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                provider.Write(logLevel, category, formatter(state, exception), exception, provider._minimum <= LogLevel.Debug);
        }
    }

    private void Write(LogLevel level, string category, string message, Exception? exception, bool withStack)
    {
        string line = LogLine.Format(time.GetUtcNow(), level, category, message, exception, withStack);
        foreach (ILogSink sink in sinks)
            sink.Write(line);
    }
}

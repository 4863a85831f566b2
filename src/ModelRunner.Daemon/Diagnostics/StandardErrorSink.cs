namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Standard error as a log sink. Its queue belongs to the process: disposing the log only waits for its last lines.</summary>
internal sealed class StandardErrorSink : ILogSink
{
    public void Write(string line) => ProcessLog.StandardError.Write(line);

    public void Dispose() => ProcessLog.Flush();
}

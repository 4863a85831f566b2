namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Takes finished lines. Called from any thread, must not throw and must not wait for long.</summary>
internal interface ILogSink : IDisposable
{
    /// <summary>Writes a line; the final line feed is added here.</summary>
    void Write(string line);
}

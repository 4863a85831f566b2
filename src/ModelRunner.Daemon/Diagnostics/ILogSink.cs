namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Takes finished lines. Called from any thread; never throws and never waits.</summary>
internal interface ILogSink : IDisposable
{
    /// <summary>Takes a line; the final line feed is added here.</summary>
    void Write(string line);
}

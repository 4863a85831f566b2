namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Receives finished log lines. Called from any thread; never throws and never blocks.</summary>
internal interface ILogSink : IDisposable
{
    /// <summary>Receives a line without its line feed.</summary>
    void Write(string line);
}

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Writes log lines to a file or stream. Only the writer thread of a <see cref="LogQueue"/> calls it, and it may block.</summary>
internal interface ILogTarget : IDisposable
{
    /// <summary>Writes a line and a line feed. Does not throw.</summary>
    /// <returns>Null, or why the line could not be written. The next line is tried again.</returns>
    string? Write(string line);
}

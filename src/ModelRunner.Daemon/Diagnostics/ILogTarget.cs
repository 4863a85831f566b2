namespace ModelRunner.Daemon.Diagnostics;

/// <summary>The place where lines are written to. Only the one writer thread of a <see cref="LogQueue"/> calls it, and it may block.</summary>
internal interface ILogTarget : IDisposable
{
    /// <summary>Writes a line; the final line feed is added here. Does not throw.</summary>
    /// <returns>Null, or why the line could not be written. The next line is tried again.</returns>
    string? Write(string line);
}

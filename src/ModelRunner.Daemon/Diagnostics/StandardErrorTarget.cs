using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Writes each line to standard error with one call, so that lines of several processes do not mix within a line.</summary>
internal sealed class StandardErrorTarget : ILogTarget
{
    private const int StandardError = 2;

    private readonly DescriptorWriter _writer = new(StandardError);

    public string? Write(string line) => _writer.Write(line);

    public void Dispose()
    {
        // The process owns standard error.
    }
}

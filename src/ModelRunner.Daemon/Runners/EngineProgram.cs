using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Runners;

/// <summary>The program that a runner was started with.</summary>
/// <param name="Engine">The name of its engine.</param>
/// <param name="Path">Absolute path of the program.</param>
/// <param name="Stamp">The file when the runner was started.</param>
internal sealed record EngineProgram(string Engine, string Path, FileStamp Stamp)
{
    /// <summary>The program of a start.</summary>
    public static EngineProgram Of(string engine, string path) => new(engine, path, FileStamp.Of(path));

    /// <summary>Whether another file has its path now. A file that is missing replaces nothing.</summary>
    public bool IsReplaced()
    {
        var now = FileStamp.Of(Path);
        return now.Kind == FileKind.Regular && (now.Id, now.SizeBytes, now.Written) != (Stamp.Id, Stamp.SizeBytes, Stamp.Written);
    }
}

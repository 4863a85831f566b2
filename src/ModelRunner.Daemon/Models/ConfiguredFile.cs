using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>A file that the configuration names.</summary>
/// <param name="File">The file as a model, with the image projector beside it.</param>
/// <param name="Kind">What is at its path.</param>
/// <param name="Id">Which file it is.</param>
/// <param name="Problem">Why nothing can be read there, a clause that follows the path; null: something can.</param>
internal sealed record ConfiguredFile(ModelFile File, FileKind Kind, FileId Id, string? Problem)
{
    /// <summary>Whether its disk does not respond, so that this is what was known before.</summary>
    public bool IsHanging { get; init; }

    /// <summary>Whether something is known of the file.</summary>
    public bool WasRead { get; init; } = true;

    /// <summary>Looks at a path. Blocks as long as the disk does.</summary>
    public static ConfiguredFile Read(string path)
    {
        FileStatus status = FileStatus.Of(path);
        var file = ModelFile.FromPath(path);
        return new ConfiguredFile(
            StoreScanner.WithProjector(file), status.Kind, status.Id,
            status.Kind is FileKind.Missing or FileKind.Denied ? PathProblem.OfFile(path) : null);
    }

    /// <summary>What is said of a path that was never read.</summary>
    /// <param name="path">The path.</param>
    /// <param name="reason">Why it was not read, a clause that follows the path.</param>
    public static ConfiguredFile Unknown(string path, string reason)
    {
        var file = new ModelFile(Path.GetFileName(path), [path], 0, default, 0) { Problem = reason };
        return new ConfiguredFile(file, FileKind.Denied, default, reason) { WasRead = false };
    }
}

using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>The files of a model at the start of one process. Thread-safe.</summary>
/// <param name="planned">The files, as they were when the start was planned.</param>
internal sealed class StartFiles(IReadOnlyList<ModelFile> planned)
{
    private volatile IReadOnlyList<ModelFile> _loaded = [];

    /// <summary>Why a runner is not started whose files are removed meanwhile. Somebody did that, so it is no fault of the model.</summary>
    public static RunnerFailure Removed { get; } = new(
        StopReason.Outdated, "a file that it needs was removed while the request waited; \"model-runner ls\" lists the models");

    /// <summary>The files just before the process was started; empty before.</summary>
    public IReadOnlyList<ModelFile> Loaded => _loaded;

    /// <summary>Whether a file that was there when the start was planned was not there just before it.</summary>
    public bool IsAnyRemoved { get; private set; }

    /// <summary>Looks at the files. Blocks as long as the disk does.</summary>
    public void Read()
    {
        _loaded = [.. planned.Select(static file => file.DescribeAgain())];
        IsAnyRemoved = planned.Where(static file => file.Parts.Count == file.Shards.Count).SelectMany(static file => file.Shards)
            .Any(static path => FileStatus.Of(path).Kind == FileKind.Missing);
    }
}

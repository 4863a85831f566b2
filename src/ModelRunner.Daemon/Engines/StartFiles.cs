using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Engines;

/// <summary>The files of a model at the start of one process. Thread-safe.</summary>
/// <param name="planned">The files, as they were when the start was planned.</param>
internal sealed class StartFiles(IReadOnlyList<ModelFile> planned)
{
    private volatile IReadOnlyList<ModelFile> _loaded = [];

    /// <summary>The files just before the process was started; empty before.</summary>
    public IReadOnlyList<ModelFile> Loaded => _loaded;

    /// <summary>Looks at the files. Blocks as long as the disk does.</summary>
    public void Read() => _loaded = [.. planned.Select(static file => file.DescribeAgain())];
}

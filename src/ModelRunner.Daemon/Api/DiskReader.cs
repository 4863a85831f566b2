using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Reads what the files of the daemon occupy, on a thread that serves no requests. Callers that come meanwhile get the same result. Thread-safe.
/// </summary>
/// <param name="settings">Reads the settings.</param>
/// <param name="find">What a canonical reference means by the last scan; null: nothing.</param>
/// <param name="threads">The threads that read the files.</param>
/// <param name="time">The clock.</param>
internal sealed class DiskReader(Func<DaemonSettings> settings, Func<string, ModelSource?> find, FileThreads threads, TimeProvider time)
{
    /// <summary>The most files and folders that are read.</summary>
    public const int MaxEntries = 200_000;

    /// <summary>The longest time that is read. What is missing then is left out.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private static readonly string[] LibraryNames = ["libllama", "libggml", "libmtmd"];

    private readonly Lock _lock = new();
    private Task<DiskReport>? _reading;

    /// <summary>Reads all files, or waits for the reading that runs.</summary>
    /// <param name="cancellationToken">Ends the wait. The reading continues.</param>
    public Task<DiskReport> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_reading is not { IsCompleted: false })
            {
                DaemonSettings current = settings();
                _reading = threads.RunAsync(null, () => Read(current));
            }

            return _reading.WaitAsync(cancellationToken);
        }
    }

    private DiskReport Read(DaemonSettings current)
    {
        using var limit = new CancellationTokenSource(MaxTime, time);
        var disk = new DiskUse(MaxEntries, limit.Token);

        // The state folder may be within another one, and a file counts once.
        long logs = current.LogDirectory is { } folder ? SumOf(disk, LogFiles(folder)) : 0;
        long state = current.Ledger.StatePath is { } path ? disk.OfFolder(path) : 0;
        long models = disk.OfFolder(current.ModelsPath) + current.Models.Sum(model => disk.OfParts(PartsOf(model.Key, model.Value)));
        if (current.DemoModelsPath is { } demo)
            models += disk.OfFolder(demo);
        string[] programs =
        [
            .. ((string?[])[current.Runners.LlamaServerPath, current.Runners.LlamaHostPath]).OfType<string>(),
            .. current.Runners.Builds.Values.Select(static build => build.Path),
        ];
        long engine = SumOf(disk, programs.SelectMany(EngineFiles));

        // The libraries of llama-host are in a folder of their own.
        if (current.Runners.LlamaHostPath is { } host)
            engine += disk.OfFolder(Path.Join(Path.GetDirectoryName(RealPath(host))!, "native"));
        return new DiskReport(models, engine, state, logs, disk.IsIncomplete);
    }

    private static long SumOf(DiskUse disk, IEnumerable<string> files) => files.Sum(disk.OfFile);

    // The disks of these files may not respond, so they are not asked.
    private IEnumerable<FilePart>? PartsOf(string reference, ModelSettings model)
    {
        if (model.Engine is not null || model is { Path: null, ProjectorPath: null })
            return [];
        if (find(reference) is not { } source)
            return null;
        IEnumerable<FilePart> own = model.Path is null ? [] : source.File?.Parts ?? [];
        return model.ProjectorPath is null ? own : own.Concat(source.Projector?.Parts ?? []);
    }

    private static IEnumerable<string> LogFiles(string folder) =>
        List(folder, static name => name.StartsWith(FileLogTarget.FileName, StringComparison.Ordinal));

    // A program in /usr/bin has neighbours that do not belong to it.
    private static IEnumerable<string> EngineFiles(string program) => List(Path.GetDirectoryName(RealPath(program))!, IsLibrary).Prepend(program);

    private static bool IsLibrary(string name) => LibraryNames.Any(known => name.StartsWith(known, StringComparison.Ordinal));

    private static string RealPath(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }

    private static IEnumerable<string> List(string folder, Func<string, bool> isWanted)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Take(MaxEntries).Where(path => isWanted(Path.GetFileName(path)))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

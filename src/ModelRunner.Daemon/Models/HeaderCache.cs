using System.Collections.Concurrent;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Caches the headers of model files until the files change. A header is read once, whatever the number of callers, on a thread that may
/// block. Safe to call from any thread.
/// </summary>
internal sealed class HeaderCache(FileThreads threads)
{
    // Far more than stores contain. When full, the cache is emptied, so that a store that changes all the time cannot make it grow.
    private const int MaxEntries = 20_000;

    private const int MaxShownName = 200;

    /// <summary>The architecture that image and audio projectors have in their headers.</summary>
    public const string ProjectorArchitecture = "clip";

    private readonly ConcurrentDictionary<(string Path, long Size, DateTimeOffset Written, FileId Id), Lazy<Task<GgufReadOutcome>>> _outcomes
        = new();

    /// <summary>Completes when the headers of all shards of a model have been read; never fails.</summary>
    public Task ReadAsync(ModelFile file) => FindProblem(file) is null ? BeginReadAsync(file) : Task.CompletedTask;

    /// <summary>
    /// The first shard's header, or why the model cannot be used. Does not wait: a header that is still being read is such a reason.
    /// </summary>
    public GgufReadOutcome Find(ModelFile file)
    {
        if (FindProblem(file) is { } problem)
            return new GgufReadOutcome(null, problem);

        Task<GgufReadOutcome> reading = BeginReadAsync(file);
        return reading.IsCompletedSuccessfully ? reading.Result : new GgufReadOutcome(null, "is still being read");
    }

    /// <summary>Why an image projector cannot be used, a clause that follows the file's name; null if it can.</summary>
    public string? FindProjectorProblem(ModelFile projector)
    {
        GgufReadOutcome outcome = Find(projector);
        return outcome.Problem ?? (outcome.Header!.Architecture == ProjectorArchitecture ? null : "is not an image projector");
    }

    private static string? FindProblem(ModelFile file)
    {
        if (file.MissingShards == 0)
            return file.Problem;
        int parts = file.Shards.Count + file.MissingShards;
        string missing = PlainText.EscapeAndCut(file.MissingShard ?? "one", MaxShownName);
        return file.MissingShards == 1
            ? $"is incomplete: {missing} is missing, one of its {parts} parts; put it beside the others"
            : $"is incomplete: {file.MissingShards} of its {parts} parts are missing, the first one is {missing}; put them beside the others";
    }

    private Task<GgufReadOutcome> BeginReadAsync(ModelFile file)
    {
        var key = (file.Path, file.SizeBytes, file.Written, file.Id);
        if (!_outcomes.ContainsKey(key) && _outcomes.Count >= MaxEntries)
            _outcomes.Clear();
        return _outcomes.GetOrAdd(key, _ => new Lazy<Task<GgufReadOutcome>>(() => threads.RunAsync(file.Id.Device, () => ReadShards(file)))).Value;
    }

    private static GgufReadOutcome ReadShards(ModelFile file)
    {
        try
        {
            GgufReadOutcome first = GgufHeaderReader.Read(file.Path);
            if (first.Header is { Architecture.Length: 0 })
                return new GgufReadOutcome(null, "names no architecture");

            foreach (string shard in file.Shards.Skip(1))
                if (first.Problem is null && GgufHeaderReader.Read(shard) is { Problem: { } problem })
                    return new GgufReadOutcome(null, $"has a part, {Path.GetFileName(shard)}, that {problem}");

            return first;
        }
        catch (OutOfMemoryException)
        {
            return new GgufReadOutcome(null, "has a header that does not fit into memory");
        }
    }
}

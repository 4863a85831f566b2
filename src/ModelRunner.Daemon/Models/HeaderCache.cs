using System.Collections.Concurrent;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Caches the headers of model files until the files change. A header is read once, whatever the number of callers, on a thread that may
/// block. A problem that may pass while nobody is told of a change is looked at again. Safe to call from any thread.
/// </summary>
internal sealed class HeaderCache(FileThreads threads, TimeProvider time)
{
    /// <summary>How long after its last change a file that ends too early is taken for one that is still being written.</summary>
    public static readonly TimeSpan WritingTime = TimeSpan.FromSeconds(10);

    /// <summary>How long a problem that may pass is believed.</summary>
    public static readonly TimeSpan ProblemLife = TimeSpan.FromSeconds(5);

    // Far more than stores contain. When full, the cache is emptied, so that a store that changes all the time cannot make it grow.
    private const int MaxEntries = 20_000;

    private const int MaxShownName = 200;

    /// <summary>The architecture that image and audio projectors have in their headers.</summary>
    public const string ProjectorArchitecture = "clip";

    private readonly ConcurrentDictionary<Key, Reading> _outcomes = new();

    /// <summary>Completes when the headers of all shards of a model have been read; never fails.</summary>
    public Task ReadAsync(ModelFile file) => FindProblem(file) is null ? BeginReadAsync(file) : Task.CompletedTask;

    /// <summary>
    /// The first shard's header, or why the model cannot be used. Does not wait: a header that is still being read is such a reason.
    /// </summary>
    public GgufReadOutcome Find(ModelFile file)
    {
        if (FindProblem(file) is { } problem)
            return new GgufReadOutcome(null, problem);

        Task<HeaderReading> reading = BeginReadAsync(file);
        return reading.IsCompletedSuccessfully ? reading.Result.Outcome : new GgufReadOutcome(null, "is still being read");
    }

    /// <summary>Whether the last reading found that a file ends too early and was changed a moment ago. Does not wait.</summary>
    public bool IsBeingWritten(ModelFile file) =>
        FindProblem(file) is null && BeginReadAsync(file) is { IsCompletedSuccessfully: true, Result.IsBeingWritten: true };

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

    // The permissions of a file change without its content, and with them whether it can be read.
    private Task<HeaderReading> BeginReadAsync(ModelFile file)
    {
        var key = new Key(file.Path, file.SizeBytes, file.Written, file.Changed, file.Id);
        if (_outcomes.TryGetValue(key, out Reading? known))
        {
            if (!known.IsOver(time))
                return known.Outcome.Value;
            _outcomes.TryRemove(KeyValuePair.Create(key, known));
        }
        else if (_outcomes.Count >= MaxEntries)
        {
            _outcomes.Clear();
        }

        return _outcomes.GetOrAdd(
            key, _ => new Reading(new(() => threads.RunAsync(file.Id.Device, () => ReadShards(file))), time.GetTimestamp())).Outcome.Value;
    }

    private HeaderReading ReadShards(ModelFile file)
    {
        try
        {
            GgufReadOutcome first = Read(file.Path, out bool isBeingWritten);
            if (first.Header is { Architecture.Length: 0 })
                return new HeaderReading(new GgufReadOutcome(null, "names no architecture"));
            if (first.Problem is not null)
                return new HeaderReading(first, isBeingWritten);

            foreach (string shard in file.Shards.Skip(1))
                if (Read(shard, out isBeingWritten) is { Problem: { } problem } part)
                    return new HeaderReading(part with { Problem = $"has a part, {Path.GetFileName(shard)}, that {problem}" }, isBeingWritten);

            return new HeaderReading(first);
        }
        catch (OutOfMemoryException)
        {
            return new HeaderReading(new GgufReadOutcome(null, "has a header that does not fit into memory"));
        }
    }

    // A store gives a file the name of its digest after its last byte. So one that ends too early was damaged since, or was damaged when it was stored.
    private GgufReadOutcome Read(string path, out bool isBeingWritten)
    {
        GgufReadOutcome outcome = GgufHeaderReader.Read(path);
        isBeingWritten = outcome.SoFar is not null && ContentName.DigestOf(path) is null && WasJustChanged(path);
        return isBeingWritten ? outcome with { Problem = $"is still being written: so far, {outcome.SoFar}" } : outcome;
    }

    // The time of the last change is read anew: nobody is told of each write.
    private bool WasJustChanged(string path)
    {
        TimeSpan age = time.GetUtcNow() - FileStatus.Of(path).Changed;
        return age >= TimeSpan.Zero && age < WritingTime;
    }

    private sealed record Key(string Path, long Size, DateTimeOffset Written, DateTimeOffset Changed, FileId Id);

    private sealed record Reading(Lazy<Task<HeaderReading>> Outcome, long Began)
    {
        public bool IsOver(TimeProvider time) =>
            Outcome is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result.MayPass: true } } && time.GetElapsedTime(Began) >= ProblemLife;
    }
}

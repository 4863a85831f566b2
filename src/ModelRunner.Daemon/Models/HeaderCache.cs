using System.Collections.Concurrent;

namespace ModelRunner.Daemon.Models;

/// <summary>Remembers what the heads of model files say until the files change. Safe to call from any thread.</summary>
internal sealed class HeaderCache
{
    // Far more than stores hold; past it the memory starts anew, so that a store that changes all the time cannot make it grow.
    private const int MaxEntries = 20_000;

    /// <summary>The architecture that image and audio projectors give in their heads.</summary>
    public const string ProjectorArchitecture = "clip";

    private readonly ConcurrentDictionary<(string Path, long Size, DateTimeOffset Written, (ulong, ulong) Identity), GgufReadOutcome> _outcomes = new();

    /// <summary>Reads the heads of all shards of a model: the first one's header, or why the model cannot be used.</summary>
    public GgufReadOutcome Read(ModelFile file)
    {
        if (file.MissingShards > 0)
            return new GgufReadOutcome(null, $"lacks {file.MissingShards} of its {file.Shards.Count + file.MissingShards} parts");
        if (file.Problem is not null)
            return new GgufReadOutcome(null, file.Problem);

        var key = (file.Path, file.SizeBytes, file.Written, file.Identity);
        if (_outcomes.TryGetValue(key, out GgufReadOutcome known))
            return known;

        GgufReadOutcome outcome = ReadShards(file);
        if (_outcomes.Count >= MaxEntries)
            _outcomes.Clear();
        _outcomes[key] = outcome;
        return outcome;
    }

    /// <summary>Why an image projector cannot be used, a clause that follows the file's name; null where it can.</summary>
    public string? ReadProjector(ModelFile projector)
    {
        GgufReadOutcome outcome = Read(projector);
        return outcome.Problem ?? (outcome.Header!.Architecture == ProjectorArchitecture ? null : "is not an image projector");
    }

    private static GgufReadOutcome ReadShards(ModelFile file)
    {
        GgufReadOutcome first = GgufHeaderReader.Read(file.Path);
        if (first.Header is { Architecture.Length: 0 })
            return new GgufReadOutcome(null, "names no architecture");

        foreach (string shard in file.Shards.Skip(1))
            if (first.Problem is null && GgufHeaderReader.Read(shard) is { Problem: { } problem })
                return new GgufReadOutcome(null, $"has a part, {Path.GetFileName(shard)}, that {problem}");

        return first;
    }
}

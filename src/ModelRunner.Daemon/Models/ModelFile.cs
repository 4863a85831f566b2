using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>A model on disk: one GGUF file, or all shards of one.</summary>
/// <param name="ShownName">Its name in sentences: its path within the store, or its file name.</param>
/// <param name="Shards">Absolute paths of the existing shards, in order; an engine gets the first one.</param>
/// <param name="SizeBytes">Bytes of all shards, links followed. A file with several names counts once.</param>
/// <param name="Written">The last write of any shard.</param>
/// <param name="MissingShards">The number of shards that the names promise and the folder lacks.</param>
internal sealed record ModelFile(string ShownName, IReadOnlyList<string> Shards, long SizeBytes, DateTimeOffset Written, int MissingShards)
{
    public string Path => Shards[0];

    /// <summary>Why it cannot be read, a clause that follows the file's name; null: no problem is known.</summary>
    public string? Problem { get; init; }

    /// <summary>The name of the first shard that is missing; null: none is, or its name is not known.</summary>
    public string? MissingShard { get; init; }

    /// <summary>The last change of any shard, also of its permissions.</summary>
    public DateTimeOffset Changed { get; init; }

    /// <summary>Device and inode of the first shard.</summary>
    public FileId Id { get; init; }

    /// <summary>The files that it consists of, without the projector. One that cannot be read is missing.</summary>
    public IReadOnlyList<FilePart> Parts { get; init; } = [];

    /// <summary>The image projector that belongs to it; null: none.</summary>
    public ModelFile? Projector { get; init; }

    /// <summary>Whether both are the same content, as far as paths, inode, sizes and times of the last write tell.</summary>
    public bool IsSameAs(ModelFile other) =>
        (Id, SizeBytes, Written) == (other.Id, other.SizeBytes, other.Written) && Shards.SequenceEqual(other.Shards, StringComparer.Ordinal);

    /// <summary>Describes the files that the same paths have now.</summary>
    public ModelFile DescribeAgain() => Describe(ShownName, Shards, Shards.Count + MissingShards);

    /// <summary>Describes a file by its path, with the other shards if its name says that it is a shard. Sentences have the name of the file.</summary>
    public static ModelFile FromPath(string path) => FromPath(path, System.IO.Path.GetFileName(path));

    /// <summary>Describes a file by its path, with the other shards if its name says that it is a shard.</summary>
    /// <param name="path">The path.</param>
    /// <param name="shownName">Its name in sentences.</param>
    public static ModelFile FromPath(string path, string shownName)
    {
        if (!ShardName.TryParse(path, out ShardName name))
            return Describe(shownName, [path], 1);

        string[] present = [.. name.AllPaths().Where(static shard => FileStatus.Of(shard).Kind != FileKind.Missing)];
        return Describe(shownName, present.Length == 0 ? [path] : present, name.Count);
    }

    /// <summary>Describes a model by the paths of its shards.</summary>
    /// <param name="shownName">Its name in sentences.</param>
    /// <param name="shards">The existing shards, in order; at least one path.</param>
    /// <param name="count">The number of shards that should exist.</param>
    public static ModelFile Describe(string shownName, IReadOnlyList<string> shards, int count)
    {
        long size = 0;
        DateTimeOffset written = default, changed = default;
        string? problem = null;
        FileId id = default;
        var parts = new List<FilePart>(shards.Count);
        var counted = new HashSet<FileId>();
        foreach (string shard in shards)
        {
            FileStatus status = FileStatus.Of(shard);
            if (!status.IsRegular)
                problem ??= PathProblem.OfFile(shard);
            else if (counted.Add(status.Id))
                size += status.SizeBytes;
            written = status.Written > written ? status.Written : written;
            changed = status.Changed > changed ? status.Changed : changed;
            id = id == default ? status.Id : id;
            if (FilePart.Of(status) is { } part)
                parts.Add(part);
        }

        // If the model has several shards, the text says that the problem is in one of them.
        if (count > 1 && problem is not null)
            problem = $"has a part that {problem}";
        return new ModelFile(shownName, shards, size, written, count - shards.Count)
        {
            Problem = problem, Id = id, MissingShard = FindMissing(shards, count), Parts = parts, Changed = changed,
        };
    }

    // The shards are in order, so the first place where they differ from the names is missing.
    private static string? FindMissing(IReadOnlyList<string> shards, int count)
    {
        if (shards.Count == count || !ShardName.TryParse(shards[0], out ShardName name))
            return null;
        int index = 0;
        while (index < shards.Count && shards[index] == name.PathOf(index + 1))
            index++;
        return System.IO.Path.GetFileName(name.PathOf(index + 1));
    }
}

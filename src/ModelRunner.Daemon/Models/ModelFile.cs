namespace ModelRunner.Daemon.Models;

/// <summary>A model on disk: one GGUF file, or all shards of one.</summary>
/// <param name="ShownName">What it is called in sentences: its path within the store, or its file name.</param>
/// <param name="Shards">Absolute paths in order; the first is what an engine is given.</param>
/// <param name="SizeBytes">Bytes of all shards.</param>
/// <param name="Written">The last write of any shard.</param>
/// <param name="MissingShards">How many shards the names promise and the folder lacks.</param>
internal sealed record ModelFile(string ShownName, IReadOnlyList<string> Shards, long SizeBytes, DateTimeOffset Written, int MissingShards)
{
    public string Path => Shards[0];

    /// <summary>Describes a file by its path, with its sisters where its name says that it is a shard.</summary>
    public static ModelFile FromPath(string path, string shownName)
    {
        IReadOnlyList<string> shards = ShardName.TryParse(path, out ShardName name) ? name.AllPaths() : [path];
        FileInfo[] present = [.. shards.Select(static shard => new FileInfo(shard)).Where(static file => file.Exists)];
        return new ModelFile(
            shownName,
            shards,
            present.Sum(static file => file.Length),
            present.Length == 0 ? default : present.Max(static file => new DateTimeOffset(file.LastWriteTimeUtc)),
            shards.Count - present.Length);
    }
}

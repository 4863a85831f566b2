using System.Globalization;

namespace ModelRunner.Store.Names;

/// <summary>The name of one shard of a model: <c>NAME-00001-of-00003.gguf</c>, as llama.cpp splits files.</summary>
/// <param name="Stem">The path up to the numbers.</param>
/// <param name="Index">Its number, from 1.</param>
/// <param name="Count">The number of shards.</param>
internal readonly record struct ShardName(string Stem, int Index, int Count)
{
    private const string Extension = ".gguf";
    private const int MaxShards = 1000;

    // -00001-of-00003
    private const int SuffixLength = 15;

    public static bool TryParse(string path, out ShardName name)
    {
        name = default;
        if (!path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) || path.Length <= SuffixLength + Extension.Length)
            return false;

        string stem = path[..^(SuffixLength + Extension.Length)];
        ReadOnlySpan<char> suffix = path.AsSpan(stem.Length, SuffixLength);
        if (suffix[0] != '-' || !suffix[6..10].SequenceEqual("-of-")
            || !int.TryParse(suffix[1..6], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            || !int.TryParse(suffix[10..], NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            return false;

        name = new ShardName(stem, index, count);
        return index >= 1 && index <= count && count <= MaxShards;
    }

    /// <summary>Paths of all shards in order, whether they exist or not.</summary>
    public IReadOnlyList<string> AllPaths() => [.. Enumerable.Range(1, Count).Select(PathOf)];

    /// <summary>The path of one shard, counted from 1.</summary>
    public string PathOf(int index) => string.Create(CultureInfo.InvariantCulture, $"{Stem}-{index:00000}-of-{Count:00000}{Extension}");
}

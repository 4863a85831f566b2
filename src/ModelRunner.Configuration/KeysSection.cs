namespace ModelRunner.Configuration;

/// <summary>Reads the section <c>keys</c> of the file: the keys of clients, by their names.</summary>
internal static class KeysSection
{
    /// <summary>Reads the keys.</summary>
    /// <param name="file">The configuration file.</param>
    /// <param name="apiKey">The key of the option <c>apiKey</c>; null: none.</param>
    /// <param name="reader">Gets the problems.</param>
    public static IReadOnlyList<KeySettings> Resolve(ConfigurationFile file, string? apiKey, OptionReader reader)
    {
        if (file.Keys is not { } section)
            return [];
        List<(FileNode Node, KeySettings Key)> keys = new KeyReader(file, reader.Options, reader.Problems, takesFiles: true).Read(section);
        CheckDistinct(file, keys, [], apiKey, reader.Problems);
        return [.. keys.Select(static key => key.Key)];
    }

    /// <summary>Reports keys and names that are used twice: a request must not have two names, and a name must not stand for two people.</summary>
    /// <param name="file">The file that has the keys.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="others">Keys of another file.</param>
    /// <param name="apiKey">The key of the option <c>apiKey</c>; null: none.</param>
    /// <param name="problems">Gets the problems.</param>
    public static void CheckDistinct(
        ConfigurationFile file, List<(FileNode Node, KeySettings Key)> keys, IReadOnlyList<KeySettings> others, string? apiKey,
        List<ConfigurationProblem> problems)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        if (apiKey is not null)
            owners.Add(KeyDigest.Of(apiKey).ToString(), ConfigurationCatalog.ApiKey.Name);
        foreach (KeySettings other in others)
            owners.TryAdd(other.Digest.ToString(), other.Name);
        foreach ((FileNode node, KeySettings key) in keys)
        {
            string digest = key.Digest.ToString();
            if (others.Any(other => other.Name == key.Name))
            {
                problems.Add(new ConfigurationProblem(
                    file.LocationOf(node), null, "is also a key of the configuration file", "give one of them another name, or remove it"));
            }
            else if (!owners.TryAdd(digest, key.Name))
            {
                problems.Add(new ConfigurationProblem(
                    file.LocationOf(node), null, $"has the same key as {owners[digest]}", "give each of them a key of its own"));
            }
        }
    }
}

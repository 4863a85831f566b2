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
        List<(FileNode Node, KeySettings Key)> keys = new KeyReader(file, reader.Options, reader.Problems).Read(section);
        CheckDistinct(file, keys, apiKey, reader.Problems);
        return [.. keys.Select(static key => key.Key)];
    }

    // A request must not have two names.
    private static void CheckDistinct(
        ConfigurationFile file, List<(FileNode Node, KeySettings Key)> keys, string? apiKey, List<ConfigurationProblem> problems)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        if (apiKey is not null)
            owners.Add(KeyDigest.Of(apiKey).ToString(), ConfigurationCatalog.ApiKey.Name);
        foreach ((FileNode node, KeySettings key) in keys)
        {
            string digest = key.Digest.ToString();
            if (!owners.TryAdd(digest, key.Name))
            {
                problems.Add(new ConfigurationProblem(
                    file.LocationOf(node), null, $"has the same key as {owners[digest]}", "give each of them a key of its own"));
            }
        }
    }
}

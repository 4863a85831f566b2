namespace ModelRunner.Configuration;

/// <summary>
/// Whether and where the contexts of runners are kept while their models are not loaded. The defaults come from <see cref="ConfigurationCatalog"/>.
/// </summary>
internal sealed record KvCacheSettings
{
    private const string FolderName = "kv-cache";

    /// <summary>Absolute path of the folder for contexts, even if none are saved now; null: there is no state folder.</summary>
    public string? FolderPath { get; init; }

    /// <summary>Whether contexts are saved. Then there is a <see cref="FolderPath"/>.</summary>
    public bool Persist { get; init; }

    /// <summary>The most bytes of all saved contexts together.</summary>
    public long MaxBytes { get; init; } = ConfigurationCatalog.KvCacheMaxBytes.DefaultBytes;

    /// <summary>How long saving may delay a stop, and restoring a load.</summary>
    public TimeSpan Timeout { get; init; } = ConfigurationCatalog.KvCacheTimeout.DefaultDuration;

    /// <summary>The folder for contexts in a state folder.</summary>
    public static string? FolderIn(string? statePath) => statePath is null ? null : Path.Join(statePath, FolderName);

    /// <summary>Reads the options.</summary>
    /// <param name="reader">The options.</param>
    /// <param name="statePath">The state folder that is used; null: none.</param>
    public static KvCacheSettings Resolve(OptionReader reader, string? statePath)
    {
        bool persist = reader.Switch(ConfigurationCatalog.KvCachePersist);
        if (persist && statePath is null && reader.Written.Find(ConfigurationCatalog.KvCachePersist) is { } written)
        {
            reader.Problems.Add(new ConfigurationProblem(
                written.Key, written.Text, "needs a state folder to save contexts in, and there is none",
                "name a folder as statePath, or set kvCache.persist to off"));
        }

        return new KvCacheSettings
        {
            FolderPath = FolderIn(statePath),
            Persist = persist && statePath is not null,
            MaxBytes = reader.Bytes(ConfigurationCatalog.KvCacheMaxBytes),
            Timeout = reader.Duration(ConfigurationCatalog.KvCacheTimeout),
        };
    }
}

namespace ModelRunner.Configuration;

/// <summary>
/// Finds the entry of the configuration that a model means. An entry without a file may have any name that means the same as that of the model, as
/// <c>smollm2</c> and <c>docker.io/ai/smollm2</c> mean <c>ai/smollm2</c>. Immutable.
/// </summary>
internal sealed class ConfiguredNames
{
    private readonly IReadOnlyDictionary<string, ModelSettings> _models;
    private readonly Dictionary<string, string> _entries = new(StringComparer.Ordinal);

    /// <param name="models">The settings of models, by the canonical references of their entries.</param>
    public ConfiguredNames(IReadOnlyDictionary<string, ModelSettings> models)
    {
        _models = models;
        foreach ((string entry, ModelSettings model) in models)
            if (model is { Path: null, Engine: null, HasNoEntry: false })
                foreach (string other in OtherNamesOf(entry))
                    _entries.TryAdd(other, entry);
    }

    /// <summary>The canonical reference of the entry of a model; null: it has none.</summary>
    public string? EntryOf(string model) => _models.ContainsKey(model) ? model : _entries.GetValueOrDefault(model);

    /// <summary>The names that mean the same as that of an entry, without its own.</summary>
    public static IEnumerable<string> OtherNamesOf(string entry) =>
        ModelReference.FromCanonical(entry).EqualSpellings().Select(static spelling => spelling.ToString()).Where(name => name != entry);
}

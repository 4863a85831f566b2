namespace ModelRunner.Configuration;

/// <summary>
/// Finds the entry of the configuration that a model means. An entry without a file may have any name that means the same as that of the model, as
/// <c>smollm2</c> and <c>docker.io/ai/smollm2</c> mean <c>ai/smollm2</c>. Immutable.
/// </summary>
internal sealed class ConfiguredNames
{
    private readonly IReadOnlyDictionary<string, ModelSettings> _models;
    private readonly Dictionary<string, string> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ModelSettings> _effective;

    /// <param name="models">The settings of models, by the canonical references of their entries.</param>
    public ConfiguredNames(IReadOnlyDictionary<string, ModelSettings> models)
    {
        _models = models;
        _effective = new Dictionary<string, ModelSettings>(models, StringComparer.Ordinal);
        foreach ((string entry, ModelSettings model) in models)
        {
            if (model is not { Path: null, Engine: null, HasNoEntry: false })
                continue;
            foreach (string other in OtherNamesOf(entry))
                if (_entries.TryAdd(other, entry))
                    _effective.TryAdd(other, model);
        }
    }

    /// <summary>The settings of models, by every canonical reference that has some: its own ones, or those of the entry that it means.</summary>
    public IReadOnlyDictionary<string, ModelSettings> Effective => _effective;

    /// <summary>The canonical reference of the entry of the file that a model means; null: none. What only clients have set is no entry.</summary>
    public string? EntryOf(string model) =>
        _models.TryGetValue(model, out ModelSettings? own) && !own.HasNoEntry ? model : _entries.GetValueOrDefault(model);

    /// <summary>The names that mean the same as that of an entry, without its own.</summary>
    public static IEnumerable<string> OtherNamesOf(string entry) =>
        ModelReference.FromCanonical(entry).EqualSpellings().Select(static spelling => spelling.ToString()).Where(name => name != entry);
}

namespace ModelRunner.Gguf;

/// <summary>The values of a header that were kept. Keys without a prefix of their own belong to the architecture. Not thread-safe.</summary>
internal sealed class GgufMetadata
{
    private const string ArchitectureKey = "general.architecture";

    /// <summary>Texts by key.</summary>
    public Dictionary<string, string> Texts { get; } = new(StringComparer.Ordinal);

    /// <summary>Integers by key; a Boolean is 0 or 1.</summary>
    public Dictionary<string, long> Integers { get; } = new(StringComparer.Ordinal);

    /// <summary>Lists of integers by key, with one number for each layer.</summary>
    public Dictionary<string, long[]> Lists { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether it has a chat template.</summary>
    public bool HasChatTemplate { get; set; }

    /// <summary>The architecture's name; empty where it is missing. Only the first shard of a model has one.</summary>
    public string Architecture => Texts.GetValueOrDefault(ArchitectureKey, "");

    /// <summary>Whether a text is kept.</summary>
    public static bool IsTextKept(string key) => key is ArchitectureKey or "general.name" or "general.size_label";

    /// <summary>Whether a list is kept.</summary>
    public static bool IsListKept(string key) =>
        key.EndsWith(".attention.head_count", StringComparison.Ordinal) || key.EndsWith(".attention.head_count_kv", StringComparison.Ordinal)
        || key.EndsWith(".attention.sliding_window_pattern", StringComparison.Ordinal)
        || key.EndsWith(".attention.recurrent_layers", StringComparison.Ordinal) || key.EndsWith(".feed_forward_length", StringComparison.Ordinal);

    /// <summary>An integer of the architecture that cannot be negative; 0 where it is missing or a list.</summary>
    public long Find(string name) => Math.Max(0, FindOr(name, 0));

    /// <summary>An integer of the architecture, or the fallback.</summary>
    public long FindOr(string name, long fallback) => Integers.GetValueOrDefault($"{Architecture}.{name}", fallback);

    /// <summary>Whether the architecture has a key with one number.</summary>
    public bool Has(string name) => Integers.ContainsKey($"{Architecture}.{name}");

    /// <summary>A list of the architecture; null where it is missing or one number.</summary>
    public long[]? FindList(string name) => Lists.GetValueOrDefault($"{Architecture}.{name}");

    /// <summary>The number for one layer: from a list if there is one, else the same number for all layers. Never negative.</summary>
    public long FindOfLayer(string name, long layer, long fallback) => FindList(name) is { } list
        ? layer < list.Length ? Math.Max(0, list[layer]) : 0
        : Math.Max(0, FindOr(name, fallback));

    /// <summary>The largest number of any layer.</summary>
    public long FindLargest(string name) => FindList(name) is { Length: > 0 } list ? Math.Max(0, list.Max()) : Find(name);

    /// <summary>An integer by its whole key; null where it is missing or does not fit.</summary>
    public int? FindInt(string key) =>
        Integers.TryGetValue(key, out long value) && value is >= int.MinValue and <= int.MaxValue ? (int)value : null;
}

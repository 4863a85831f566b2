namespace ModelRunner.Configuration;

/// <summary>What the keys file has. Immutable.</summary>
/// <param name="IsPresent">Whether the file exists.</param>
/// <param name="Keys">Its keys.</param>
internal sealed record KeysFileContent(bool IsPresent, IReadOnlyList<KeySettings> Keys)
{
    /// <summary>There is no file.</summary>
    public static KeysFileContent None { get; } = new(IsPresent: false, []);

    /// <summary>Whether both say the same.</summary>
    public bool IsSameAs(KeysFileContent other) =>
        IsPresent == other.IsPresent && Keys.Count == other.Keys.Count && Keys.Zip(other.Keys).All(static pair => pair.First.IsSameAs(pair.Second));
}

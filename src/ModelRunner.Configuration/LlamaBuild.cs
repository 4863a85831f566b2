namespace ModelRunner.Configuration;

/// <summary>A build of llama-server in the section <c>engines</c>. Models select it by its name.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Path">Absolute path of its program.</param>
internal sealed record LlamaBuild(string Name, string Path)
{
    /// <summary>The arguments that it knows; null: it was not asked, since no argument was added for it, or it failed.</summary>
    public EngineFlags? Flags { get; init; }

    /// <summary>The graphics cards that it lists; empty: none, or it was not asked.</summary>
    public IReadOnlyList<EngineDevice> Devices { get; init; } = [];

    /// <summary>Whether the configuration says the same of the other build.</summary>
    public bool IsSameAs(LlamaBuild other) => (Name, Path) == (other.Name, other.Path);
}

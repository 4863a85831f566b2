namespace ModelRunner.Configuration;

/// <summary>A change of the settings.</summary>
/// <param name="Previous">The settings before it.</param>
/// <param name="Next">The settings after it.</param>
internal sealed record SettingsChange(DaemonSettings Previous, DaemonSettings Next)
{
    /// <summary>Whether the configuration was read again. Otherwise a client changed the settings of models.</summary>
    public bool IsReload { get; init; } = true;

    /// <summary>
    /// The canonical references of the models whose runners would be started in another way now. A model that is missing in the configuration
    /// counts as one without settings. A model may have the settings of an entry with another name of the same meaning.
    /// </summary>
    public IReadOnlySet<string> FindOutdatedModels()
    {
        var absent = new ModelSettings();
        IReadOnlyDictionary<string, ModelSettings> previous = Previous.FindEffectiveModels();
        IReadOnlyDictionary<string, ModelSettings> next = Next.FindEffectiveModels();
        return previous.Keys.Union(next.Keys, StringComparer.Ordinal)
            .Where(model => !(previous.GetValueOrDefault(model) ?? absent).StartsLike(next.GetValueOrDefault(model) ?? absent))
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Whether the section <c>engines</c> has other engines, or one of them has other settings.</summary>
    public bool HasOtherEngines => HasOtherBuilds || Previous.Engines.Count != Next.Engines.Count
        || Previous.Engines.Any(engine => !Next.Engines.TryGetValue(engine.Key, out EngineSettings? next) || !engine.Value.IsSameAs(next));

    private bool HasOtherBuilds => Previous.Runners.Builds.Count != Next.Runners.Builds.Count || Previous.Runners.Builds.Any(
        build => !Next.Runners.Builds.TryGetValue(build.Key, out LlamaBuild? next) || !build.Value.IsSameAs(next));

    /// <summary>Whether the section <c>models</c> has other models, or one of them has other settings.</summary>
    public bool HasOtherModels => Previous.Models.Count != Next.Models.Count
        || Previous.Models.Any(model => !Next.Models.TryGetValue(model.Key, out ModelSettings? next) || !model.Value.IsSameAs(next));

    /// <summary>Whether the section <c>keys</c> has other keys, or one of them says something else.</summary>
    public bool HasOtherKeys => Previous.HasKeysSection != Next.HasKeysSection || Previous.Keys.Count != Next.Keys.Count
        || Previous.Keys.Zip(Next.Keys).Any(static pair => !pair.First.IsSameAs(pair.Second));

    /// <summary>Whether the section <c>runners</c> has other attached runners, or one of them has other settings.</summary>
    public bool HasOtherRunners => Previous.AttachedRunners.Count != Next.AttachedRunners.Count
        || Previous.AttachedRunners.Zip(Next.AttachedRunners).Any(static pair => !pair.First.IsSameAs(pair.Second));
}

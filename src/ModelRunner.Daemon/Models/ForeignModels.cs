using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Adds the models of other tools to a snapshot. A file that is there already, by its inode or by the digest in its name, gives its model a second name,
/// unless the tool runs it with another projector, an adapter or settings of its own. Used once, by one thread.
/// </summary>
/// <param name="create">Makes a model.</param>
/// <param name="findSettings">The settings that the configuration has for a model; null: none.</param>
/// <param name="sources">The models so far, by canonical reference; models are added.</param>
/// <param name="addName">Adds a name for a model.</param>
/// <param name="findOwners">Finds the models of the configuration and of the models folder that have a file already.</param>
internal sealed class ForeignModels(
    Func<string, ModelFile?, ModelSettings, string, ModelSource> create, Func<string, ModelSettings?> findSettings,
    Dictionary<string, ModelSource> sources,
    Action<ModelReference, string, SourceKind?, ForeignModel?, IEnumerable<FilePart>> addName, Func<FileId, IEnumerable<string>> findOwners)
{
    private readonly List<(SourceKind Kind, DescribedModel Model, string Name, string Origin)> _hidden = [];
    private readonly ContentOwners _contents = new();
    private readonly List<string> _problems = [];

    /// <summary>Adds the models of one tool after another and returns the problems.</summary>
    public IReadOnlyList<string> Add(IReadOnlyList<SourceListing> listings)
    {
        // A name that people gave comes before an id, whatever tool has it.
        foreach (bool hasNoName in (bool[])[false, true])
            foreach (SourceListing listing in listings)
                foreach (DescribedModel model in listing.Models)
                    if (model.Model.HasNoName == hasNoName)
                        Add(listing.Kind, model);
        foreach ((SourceKind kind, DescribedModel model, string name, string origin) in _hidden)
            AddHidden(kind, model, name, origin);
        return _problems;
    }

    private void Add(SourceKind kind, DescribedModel described)
    {
        ForeignModel model = described.Model;
        string shown = PlainText.EscapeAndCut(model.Name, ModelReference.MaxLength);
        if (!ModelReference.TryParseWritten(model.Name, out ModelReference reference, out string? problem))
        {
            _problems.Add($"the model {shown} of {SourceText.ToolOf(kind)} is left out: its name {problem}");
            return;
        }

        string canonical = reference.ToString();
        if (described.File is null)
        {
            // A request for it gets the reason.
            sources.TryAdd(canonical, create(canonical, null, new ModelSettings(), SourceText.Format(kind)) with
            {
                Foreign = new ForeignParts(kind, []) { Problem = model.Problem },
                Manifests = ManifestsOf(model),
            });
            return;
        }

        ModelFile file = described.File with { Projector = described.Projector };
        bool isOwnModel = findSettings(canonical) is not null;
        if (FindOwner(described, file) is { } owner && (owner == canonical || !isOwnModel))
        {
            addName(reference, owner, kind, model, described.Parts);
            _contents.Add(described.Content!, owner);
        }
        else if (!sources.TryGetValue(canonical, out ModelSource? other))
            Add(kind, canonical, described, file);
        else
            _hidden.Add((kind, described, shown, other.Origins[0]));
    }

    // Another model has its name. One with a manifest can still be named by its id.
    private void AddHidden(SourceKind kind, DescribedModel described, string shown, string origin)
    {
        string problem = $"the model {shown} of {SourceText.ToolOf(kind)} is not used under this name: {origin} has a model of this name";
        if (described.Model.Manifest is not { } id)
        {
            _problems.Add($"{problem}; rename one of them to use both");
            return;
        }

        ModelSource? known = sources.Values.FirstOrDefault(source => source.Manifests.Contains(id));
        string canonical = known?.Reference.ToString() ?? (sources.ContainsKey(ForeignModel.NameOf(id)) ? id.ToString() : ForeignModel.NameOf(id));
        if (known is null)
            Add(kind, canonical, described, described.File! with { Projector = described.Projector });
        _problems.Add($"{problem}; it is {canonical} here");
    }

    /// <summary>The files of a repository of Hugging Face that a model is, if its name is one of that repository.</summary>
    public static IEnumerable<(string Repository, HubFile File)> HubFilesOf(ForeignModel model) =>
        ModelReference.TryParse(model.Name, out ModelReference name, out _) && name.Name.StartsWith(ModelQuery.HuggingFace, StringComparison.Ordinal)
            ? model.HubFiles.Select(file => (name.Name, file.First))
            : [];

    private static Digest[] ManifestsOf(ForeignModel model) => model.Manifest is { } id ? [id] : [];

    private void Add(SourceKind kind, string canonical, DescribedModel described, ModelFile file)
    {
        ForeignModel model = described.Model;
        ModelSettings configured = findSettings(canonical) ?? new ModelSettings();
        bool hasContext = configured.ContextSize is not null || configured.HasAutoContext
            || configured.Arguments.Contains(LlamaArguments.ContextArgument, StringComparer.Ordinal);
        ModelSettings own = configured with
        {
            Defaults = model.Arguments,
            ContextSize = configured.ContextSize ?? (configured.HasAutoContext ? null : model.ContextSize),
            HasAutoContext = configured.HasAutoContext || (!hasContext && model.MaxContext is not null),
            MaxAutoContext = hasContext ? null : model.MaxContext,
        };
        var parts = new ForeignParts(kind, described.Adapters) { ChatTemplate = model.ChatTemplate };
        sources[canonical] = create(canonical, file, own, SourceText.Format(kind)) with
        {
            Foreign = parts,
            OtherParts = described.Others,
            Unused = UnusedParts.Of(kind, canonical, model.Unused),
            HubFiles = [.. HubFilesOf(model)],
            Manifests = ManifestsOf(model),
        };
        ModelContent content = described.Content!;
        bool hasOtherProjector = configured.HasNoProjector || configured.ProjectorPath is not null;
        _contents.Add(hasOtherProjector ? content with { Projector = ProjectorOf(sources[canonical]) } : content, canonical);
    }

    // A model of the models folder has no settings of a tool, so only a plain model can be the same.
    private string? FindOwner(DescribedModel described, ModelFile file) =>
        (IsPlain(described.Model) && file.Id != default ? findOwners(file.Id).FirstOrDefault(owner => IsSame(sources[owner], described, file)) : null)
        ?? _contents.Find(described.Content!);

    private static bool IsPlain(ForeignModel model) =>
        model is { Arguments.Count: 0, Adapters.Count: 0, ContextSize: null, MaxContext: null, ChatTemplate: null };

    // The last parts of two models may differ although the first one is the same. Only the engine of a model knows what it loads beside its file.
    private static bool IsSame(ModelSource source, DescribedModel described, ModelFile file)
    {
        if (source.File is not { } own)
            return file.Projector is null;
        return own.Parts.Select(static part => part.Id).SequenceEqual(file.Parts.Select(static part => part.Id))
            && ContentFile.AreSame(ProjectorOf(source), described.Content!.Projector);
    }

    // What its runners get: the configuration may name another one than that of the file, or none.
    private static ContentFile? ProjectorOf(ModelSource source) =>
        ContentFile.Of(source.Projector, source.Projector is { } projector ? ContentName.Read(projector.Path) : null);
}

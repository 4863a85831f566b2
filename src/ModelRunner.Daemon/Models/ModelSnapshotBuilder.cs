using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>Combines the models of the configuration, of the store, of the demo, of other tools and of attached runners.</summary>
internal sealed class ModelSnapshotBuilder(DaemonSettings settings)
{
    private readonly Dictionary<string, ModelSource> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private readonly Dictionary<FileId, string> _ownersOfFiles = [];

    // Two names of one file in the models folder are two models, because the user made them.
    private readonly Dictionary<FileId, string> _ownersOfStoredFiles = [];
    private readonly List<string> _problems = [];
    private readonly List<AliasClash> _clashes = [];

    public ModelSnapshot Build(StoreListing store, IReadOnlyList<SourceListing> foreign)
    {
        _problems.AddRange(store.Problems);
        AddEngineModels();
        AddConfiguredFiles();
        AddDemo();
        foreach (ModelFile file in store.Models)
            AddStored(file);
        _problems.AddRange(new ForeignModels(settings, _sources, AddName, FindOwner).Add(foreign));
        AddAttached();
        AddConfiguredWithoutFile();
        AddAliases();
        if (_sources.Count == 0 && _problems.Count == 0)
            _problems.Add("there are no models: put GGUF files into the model store, name some in model-runner.json, or start with --demo");
        _problems.AddRange(_clashes.Select(static clash => clash.ToString()));
        return new ModelSnapshot(_sources.Values, _aliases, _problems) { AliasClashes = _clashes };
    }

    // These paths are not opened: an engine may load a folder, or a file of any format. A missing one is no reason to refuse a request: it may
    // be created before the engine opens it.
    private void AddEngineModels()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
        {
            if (model.Engine is null)
                continue;

            Add(reference, null, model);
            if (model.Path is not { } path)
                continue;

            FileStatus status = FileStatus.Of(path);
            if (status.IsRegular)
                _ownersOfFiles.TryAdd(status.Id, reference);
            else if (status.Kind is FileKind.Missing or FileKind.Denied)
                _problems.Add(
                    $"the path {PlainText.EscapeAndCut(path, 200)} of model {reference} {PathProblem.OfFile(path)}; "
                    + "correct it in the configuration");
        }
    }

    private void AddConfiguredFiles()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
        {
            if (model.Path is null || model.Engine is not null)
                continue;

            ModelFile file = WithProjector(ModelFile.FromPath(model.Path, Path.GetFileName(model.Path)));
            Add(reference, file, model);
            if (file.Id != default)
                _ownersOfFiles.TryAdd(file.Id, reference);
        }
    }

    private void AddDemo()
    {
        if (settings.DemoModelsPath is not { } folder)
            return;

        foreach ((string reference, string name) in DemoModels.Files)
        {
            ModelFile file = ModelFile.FromPath(Path.Join(folder, name), name);
            if (!_sources.TryGetValue(reference, out ModelSource? source))
                AddFile(reference, WithProjector(file), ModelOrigin.Demo);
            else if (source.Settings.LacksEnginePath)
                GivePath(source, file);
        }
    }

    private void AddStored(ModelFile file)
    {
        string name = file.ShownName[..^".gguf".Length];
        if (!ModelReference.TryParseWritten(name, out ModelReference reference, out string? problem))
        {
            _problems.Add($"the name of the file {Show(file)} {problem}; rename it to use it");
            return;
        }

        string canonical = reference.ToString();
        bool isOwnModel = settings.Models.ContainsKey(canonical);
        if (_ownersOfFiles.TryGetValue(file.Id, out string? owner) && (owner == canonical || !isOwnModel))
            AddName(reference, owner, null, null, file.Parts);
        else if (!_sources.TryGetValue(canonical, out ModelSource? other))
            AddFile(canonical, file, ModelOrigin.Store);
        else if (other.Settings.LacksEnginePath)
            GivePath(other, file);
        else if (other.Settings.Engine is { } engine)
            _problems.Add($"the file {Show(file)} is not used: the model {canonical} is run by engine {engine.Name}; rename the file to use it");
        else
            _problems.Add($"the files {Show(other.File)} and {Show(file)} would both be {canonical}; the first is used, rename one");
    }

    private void GivePath(ModelSource source, ModelFile file)
    {
        string reference = source.Reference.ToString();
        Add(reference, null, source.Settings with { Path = file.Path });
        if (file.Id != default)
            _ownersOfFiles.TryAdd(file.Id, reference);
    }

    private void AddAttached()
    {
        foreach (AttachedRunnerSettings runner in settings.AttachedRunners)
        {
            ModelSource source = _sources.GetValueOrDefault(runner.Model) ?? ModelSource.Create(
                runner.Model, null, SettingsOf(runner.Model), ModelOrigin.Attached);
            _sources[runner.Model] = source with { AttachedModes = [.. source.AttachedModes.Append(runner.Mode).Distinct()] };
        }
    }

    private void AddConfiguredWithoutFile()
    {
        // A model of the store that was removed is unknown, also if a client has changed its settings before.
        foreach ((string reference, ModelSettings model) in settings.Models)
            if (!_sources.ContainsKey(reference) && !model.HasNoEntry)
                Add(reference, null, model);
    }

    // A model's own name always leads to that model; an alias never hides it.
    private void AddAliases()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
        {
            foreach (string alias in model.Aliases)
            {
                if (alias == reference || !_sources.TryGetValue(alias, out ModelSource? hidden))
                    AddAlias(alias, reference);
                else
                    _clashes.Add(new AliasClash(alias, reference, hidden.File is null ? null : Show(hidden.File)));
            }
        }
    }

    private void AddAlias(string alias, string reference)
    {
        _aliases[alias] = reference;
        if (alias != reference && _sources.TryGetValue(reference, out ModelSource? source))
            _sources[reference] = source with { Aliases = [.. source.Aliases, alias] };
    }

    private void Add(string canonical, ModelFile? file, ModelSettings model) =>
        _sources[canonical] = ModelSource.Create(canonical, file, model, ModelOrigin.Configuration);

    private void AddFile(string canonical, ModelFile file, string origin)
    {
        _sources[canonical] = ModelSource.Create(canonical, file, SettingsOf(canonical), origin);
        if (file.Id != default)
            _ownersOfStoredFiles.TryAdd(file.Id, canonical);
    }

    private string? FindOwner(FileId file) => _ownersOfFiles.GetValueOrDefault(file) ?? _ownersOfStoredFiles.GetValueOrDefault(file);

    // The same file at another place is the same model.
    private void AddName(ModelReference name, string owner, SourceKind? tool, ForeignModel? foreign, IEnumerable<FilePart> parts)
    {
        ModelSource source = _sources[owner];
        string canonical = name.ToString();
        if (canonical != owner && _aliases.TryAdd(canonical, owner))
            source = source with { OtherNames = [.. source.OtherNames, new OtherName(name with { HasWrittenTag = false }, tool)] };
        string origin = tool is { } kind ? SourceText.Format(kind) : ModelOrigin.Store;
        _sources[owner] = source with
        {
            Origins = [.. source.Origins.Append(origin).Distinct(StringComparer.Ordinal)],
            HubFiles = foreign is null ? source.HubFiles : [.. source.HubFiles, .. ForeignModels.HubFilesOf(foreign)],
            Manifests = foreign?.Manifest is { } id && !source.Manifests.Contains(id) ? [.. source.Manifests, id] : source.Manifests,
            OtherParts = [.. source.OtherParts, .. parts],
        };
    }

    private ModelSettings SettingsOf(string canonical) => settings.Models.GetValueOrDefault(canonical) ?? new ModelSettings();

    private static ModelFile WithProjector(ModelFile file) => file with { Projector = StoreScanner.FindProjector(file) };

    private static string Show(ModelFile? file) => file is null ? "" : PlainText.EscapeAndCut(file.ShownName, 200);
}

using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>Combines the models of the configuration, of the store, of the demo, of other tools and of attached runners.</summary>
/// <param name="settings">The settings.</param>
/// <param name="configured">What is at each path that the settings name.</param>
internal sealed class ModelSnapshotBuilder(DaemonSettings settings, IReadOnlyDictionary<string, ConfiguredFile> configured)
{
    private readonly Dictionary<string, ModelSource> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private readonly Dictionary<FileId, string> _ownersOfFiles = [];

    // Two names of one file in the models folder are two models, because the user made them.
    private readonly Dictionary<FileId, string> _ownersOfStoredFiles = [];
    private readonly List<string> _problems = [];
    private readonly List<AliasClash> _clashes = [];
    private readonly ConfiguredNames _names = new(settings.Models);

    // The entries whose exact name a file of the models folder or a model of another tool has.
    private readonly HashSet<string> _exactNames = new(StringComparer.Ordinal);

    public ModelSnapshot Build(StoreListing store, IReadOnlyList<SourceListing> foreign)
    {
        _problems.AddRange(store.Problems);
        NoteExactNames(store.Models.Select(NameOf).Concat(foreign.SelectMany(static listing => listing.Models).Select(static model => model.Model.Name)));
        AddEngineModels();
        AddConfiguredFiles();
        AddDemo();
        foreach (ModelFile file in store.Models)
            AddStored(file);
        _problems.AddRange(new ForeignModels(Create, FindSettings, _sources, AddName, FindOwners).Add(foreign));
        AddAttached();
        AddConfiguredWithoutFile();
        AddAliases();
        if (_sources.Count == 0 && _problems.Count == 0)
        {
            _problems.Add(
                "there are no models: put GGUF files into the models folder (MODELS_PATH), pull a model into the model store with \"model-runner pull\", "
                + "name some in model-runner.json, or start with --demo");
        }

        _problems.AddRange(_clashes.Select(static clash => clash.ToString()));
        return WithDrafts(new ModelSnapshot(_sources.Values, _aliases, _problems) { AliasClashes = _clashes });
    }

    // The name of a draft model means what it would mean in a request, so all models must be known first.
    private ModelSnapshot WithDrafts(ModelSnapshot models)
    {
        if (!_sources.Values.Any(static source => source.Settings.Draft is not null))
            return models;
        IEnumerable<ModelSource> sources = models.Sources.Select(source => source with { Draft = DraftSource.Find(source, models) });
        return new ModelSnapshot(sources, _aliases, _problems) { AliasClashes = _clashes };
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

            ConfiguredFile file = configured[path];
            if (file.Kind == FileKind.Regular)
                _ownersOfFiles.TryAdd(file.Id, reference);
            else if (file is { Problem: not null, IsHanging: false })
                _problems.Add($"the path {Show(path)} of model {reference} {file.Problem}; correct it in the configuration");
            ReportHang(path, reference);
        }
    }

    private void AddConfiguredFiles()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
        {
            if (model.Path is null || model.Engine is not null)
                continue;

            ModelFile file = configured[model.Path].File;
            Add(reference, file, model);
            ReportHang(model.Path, reference);
            if (file.Id != default)
                _ownersOfFiles.TryAdd(file.Id, reference);
        }
    }

    private void ReportHang(string path, string reference)
    {
        if (configured[path] is not { IsHanging: true } file)
            return;
        string effect = file.WasRead ? "its last known state is used" : "the model cannot be used";
        _problems.Add($"the path {Show(path)} of model {reference} is on a disk that does not respond; {effect} until the disk responds");
    }

    private void AddDemo()
    {
        if (settings.DemoModelsPath is not { } folder)
            return;

        foreach ((string reference, string name) in DemoModels.Files)
        {
            ModelFile file = ModelFile.FromPath(Path.Join(folder, name), name);
            if (!_sources.TryGetValue(reference, out ModelSource? source))
                AddFile(reference, StoreScanner.WithProjector(file), ModelOrigin.Demo);
            else if (source.Settings.LacksEnginePath)
                GivePath(source, file);
        }
    }

    private void AddStored(ModelFile file)
    {
        if (!ModelReference.TryParseWritten(NameOf(file), out ModelReference reference, out string? problem))
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
            ModelSource source = _sources.GetValueOrDefault(runner.Model) ?? Create(runner.Model, null, SettingsOf(runner.Model), ModelOrigin.Attached);
            _sources[runner.Model] = source with { AttachedModes = [.. source.AttachedModes.Append(runner.Mode).Distinct()] };
        }
    }

    private void AddConfiguredWithoutFile()
    {
        // A model of the store that was removed is unknown, also if a client has changed its settings before.
        foreach ((string reference, ModelSettings model) in settings.Models)
            if (!model.HasNoEntry && !_sources.ContainsKey(OwnerOf(reference)))
                Add(reference, null, model);
    }

    // The model that has the settings of an entry.
    private string OwnerOf(string entry) => _sources.ContainsKey(entry)
        ? entry
        : ConfiguredNames.OtherNamesOf(entry).FirstOrDefault(name => _sources.ContainsKey(name) && _names.EntryOf(name) == entry) ?? entry;

    // A model's own name always leads to that model; an alias never hides it.
    private void AddAliases()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
        {
            // What a client has changed has the aliases of the entry that it means.
            foreach (string alias in model.HasNoEntry ? [] : model.Aliases)
            {
                if (alias == reference || !_sources.TryGetValue(alias, out ModelSource? hidden))
                    AddAlias(alias, OwnerOf(reference));
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
        _sources[canonical] = Create(canonical, file, model, ModelOrigin.Configuration);

    private ModelSource Create(string canonical, ModelFile? file, ModelSettings model, string origin) =>
        ModelSource.Create(canonical, file, model, origin, model.ProjectorPath is { } path ? configured[path].File : null);

    private void AddFile(string canonical, ModelFile file, string origin)
    {
        _sources[canonical] = Create(canonical, file, SettingsOf(canonical), origin);
        if (file.Id != default)
            _ownersOfStoredFiles.TryAdd(file.Id, canonical);
    }

    private IEnumerable<string> FindOwners(FileId file) =>
        new[] { _ownersOfFiles.GetValueOrDefault(file), _ownersOfStoredFiles.GetValueOrDefault(file) }.OfType<string>();

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
            Unused = [.. source.Unused, .. tool is { } user ? UnusedParts.Of(user, canonical, foreign?.Unused ?? []) : []],
        };
    }

    private ModelSettings SettingsOf(string canonical) => FindSettings(canonical) ?? new ModelSettings();

    // If a file has exactly the name of the entry, only that file gets its settings. Other models have only what clients have changed for them.
    private ModelSettings? FindSettings(string canonical)
    {
        bool isOfOther = _names.EntryOf(canonical) is { } entry && entry != canonical && (_exactNames.Contains(entry) || _sources.ContainsKey(entry));
        if (!isOfOther)
            return _names.Effective.GetValueOrDefault(canonical);
        return settings.Overrides.GetValueOrDefault(canonical)?.ApplyTo(new ModelSettings { HasNoEntry = true });
    }

    private void NoteExactNames(IEnumerable<string> names)
    {
        foreach (string name in names)
            if (ModelReference.TryParseWritten(name, out ModelReference reference, out _) && settings.Models.ContainsKey(reference.ToString()))
                _exactNames.Add(reference.ToString());
    }

    private static string NameOf(ModelFile file) => file.ShownName[..^".gguf".Length];

    private static string Show(ModelFile? file) => file is null ? "" : Show(file.ShownName);

    private static string Show(string path) => PlainText.EscapeAndCut(path, 200);
}

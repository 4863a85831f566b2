using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Puts the models of the configuration, of the store, of the demo and of attached runners together.</summary>
internal sealed class ModelSnapshotBuilder(DaemonSettings settings)
{
    private readonly Dictionary<string, ModelSource> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ownersOfPaths = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    public ModelSnapshot Build(IReadOnlyList<ModelFile> store)
    {
        AddConfiguredFiles();
        AddDemo();
        foreach (ModelFile file in store)
            AddStored(file);
        AddAttached();
        AddConfiguredWithoutFile();
        AddAliases();
        return new ModelSnapshot(_sources.Values, _aliases, _problems);
    }

    private void AddConfiguredFiles()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
        {
            if (model.Path is null)
                continue;

            var file = ModelFile.FromPath(model.Path, Path.GetFileName(model.Path));
            Add(reference, file, model);
            _ownersOfPaths.TryAdd(file.Path, reference);
        }
    }

    private void AddDemo()
    {
        if (settings.DemoModelsPath is not { } folder)
            return;

        foreach ((string reference, string name) in DemoModels.Files)
            if (!_sources.ContainsKey(reference))
                Add(reference, ModelFile.FromPath(Path.Join(folder, name), name), SettingsOf(reference));
    }

    private void AddStored(ModelFile file)
    {
        string name = file.ShownName[..^".gguf".Length].Replace('\\', '/');
        if (!ModelReference.TryParse(name, out ModelReference reference, out string? problem))
        {
            _problems.Add($"the name of the file {Diagnostics.PlainText.EscapeAndCut(file.ShownName, 200)} {problem}; rename it to use it");
            return;
        }

        string canonical = reference.ToString();
        if (_ownersOfPaths.TryGetValue(file.Path, out string? owner))
            _aliases.TryAdd(canonical, owner);
        else if (_sources.TryGetValue(canonical, out ModelSource? other))
            _problems.Add($"the files {other.File?.ShownName} and {file.ShownName} would both be {canonical}; the first is used, rename one");
        else
            Add(canonical, file, SettingsOf(canonical));
    }

    private void AddAttached()
    {
        foreach (AttachedRunnerSettings runner in settings.AttachedRunners)
        {
            ModelSource source = _sources.GetValueOrDefault(runner.Model) ?? Create(runner.Model, null, SettingsOf(runner.Model));
            _sources[runner.Model] = source with { AttachedModes = [.. source.AttachedModes.Append(runner.Mode).Distinct()] };
        }
    }

    private void AddConfiguredWithoutFile()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
            if (!_sources.ContainsKey(reference))
                Add(reference, null, model);
    }

    private void AddAliases()
    {
        foreach ((string reference, ModelSettings model) in settings.Models)
            foreach (string alias in model.Aliases)
                _aliases[alias] = reference;
    }

    private void Add(string canonical, ModelFile? file, ModelSettings model) => _sources[canonical] = Create(canonical, file, model);

    private ModelSettings SettingsOf(string canonical) => settings.Models.GetValueOrDefault(canonical) ?? new ModelSettings();

    private static ModelSource Create(string canonical, ModelFile? file, ModelSettings model) =>
        new(ModelReference.FromCanonical(canonical), file, model, []);
}

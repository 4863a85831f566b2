using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Gguf;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>Makes catalogue entries: reads a model's file and decides with which arguments its runners are started.</summary>
internal sealed class ModelEntryFactory(RunnerSettings runners, FileThreads threads, TimeProvider time)
{
    /// <summary>llama-server's own default.</summary>
    private const int DefaultSlots = 4;

    /// <summary>
    /// The largest context that is used without a setting. A model's own context may be 128 Ki tokens and more, whose cache would fill the
    /// memory of a small machine; <c>contextSize</c> sets a larger one.
    /// </summary>
    private const int DefaultContextSize = AutoContext.Usual;

    // More names in one sentence would hide what it says.
    private const int MaxNames = 4;

    private const string DraftTypes = "draft-";

    private readonly HeaderCache _headers = new(threads, time);
    private volatile RunnerSettings _runners = runners;
    private volatile EngineNames _engines = EngineNames.Of(runners);

    /// <summary>Replaces the settings.</summary>
    public void Configure(RunnerSettings runners) => (_runners, _engines) = (runners, EngineNames.Of(runners));

    /// <summary>Completes when the files of all these models have been read as far as an entry needs them; never fails.</summary>
    public Task ReadHeadersAsync(IReadOnlyList<ModelSource> sources)
    {
        var readings = new List<Task>();
        foreach (ModelFile file in sources.SelectMany(HeadsOf))
        {
            if (_headers.ReadAsync(file) is { IsCompleted: false } reading)
                readings.Add(reading);
        }

        return readings.Count == 0 ? Task.CompletedTask : Task.WhenAll(readings);
    }

    /// <summary>Makes the entry from what has been read, or explains why the model cannot be used, in a clause that follows its reference.</summary>
    public ModelEntry? Create(ModelSource source, out string? problem) => CreateEntry(source, out problem) is { } entry
        ? entry with
        {
            Id = source.Id,
            Manifests = source.Manifests,
            Aliases = source.Aliases,
            Origins = source.Origins,
            OtherNames = [.. source.OtherNames.Select(static name => name.Reference.ToString())],
        }
        : null;

    /// <summary>Whether one of its files is not complete and was changed a moment ago, so that the model may be usable soon.</summary>
    public bool IsBeingWritten(ModelSource source) =>
        HeadsOf(source).Any(_headers.IsBeingWritten);

    /// <summary>The memory of a model that is not here yet, as it would be run without settings of its own; null: it would not be run.</summary>
    /// <param name="header">The header of its file.</param>
    /// <param name="weightBytes">Bytes of all its files.</param>
    public MemoryEstimate? Estimate(GgufHeader header, long weightBytes)
    {
        var file = new ModelFile("model.gguf", ["model.gguf"], weightBytes, default, 0);
        ModelEntry entry = Create(new ModelSource(ModelReference.FromCanonical("model:latest"), file, new ModelSettings(), []), file, header);
        return entry.Memory.Values.MaxBy(static estimate => estimate.Total);
    }

    private ModelEntry? CreateEntry(ModelSource source, out string? problem)
    {
        problem = null;
        if (source.Settings is { Engine: not null, Mode: { } mode, LacksEnginePath: false })
        {
            // Only its engine knows its format, its size in memory and its context.
            return new ModelEntry(source.Reference.ToString(), source.Settings.Path, 0, default, source.Settings)
            {
                Modes = [.. source.AttachedModes.Prepend(mode).Distinct()],
                MemoryIdentity = MemoryKey.Begin(source.Settings.Engine, source.Reference.ToString(), source.Settings),
            };
        }

        if (source.File is null)
        {
            if (source.AttachedModes.Count > 0)
                return new ModelEntry(source.Reference.ToString(), null, 0, default, source.Settings) { Modes = source.AttachedModes };

            problem = source.Foreign?.Problem
                ?? $"has no file: the models folder has no {source.Reference.FileName}, the model store has no pulled model of its name, and its entry in the "
                + "configuration has no path";
            return null;
        }

        problem = FindProblems(source).FirstOrDefault()?.Text;
        if (problem is null)
            return Create(source, source.File, _headers.Find(source.File).Header!);
        if (source.AttachedModes.Count > 0)
            return CreateEntry(source with { File = null }, out problem);

        problem = $"cannot be used: {problem}";
        return null;
    }

    /// <summary>All reasons why llama.cpp cannot run the file of a model; none if it has no file.</summary>
    public IEnumerable<ModelProblem> FindProblems(ModelSource source)
    {
        if (source.File is not { } file || source.Settings.Engine is not null)
            yield break;
        if (FindProblem(file, out GgufHeader? header) is { } problem)
        {
            yield return new ModelProblem(ModelProblemKind.File, problem);
            yield break;
        }

        if (FindConfiguredProjectorProblem(source) is { } projector)
            yield return new ModelProblem(ModelProblemKind.Projector, projector);
        if (FindAdapterProblem(source) is { } adapter)
            yield return new ModelProblem(ModelProblemKind.Adapter, adapter);
        foreach (ModelProblem draft in FindDraftProblems(source, header!))
            yield return draft;
    }

    /// <summary>Limitations of a usable model, in sentences.</summary>
    public IEnumerable<string> FindWarnings(ModelSource source) =>
        FindLimitations(source).Select(clause => $"model \"{source.Reference}\" {clause}").Concat(FindUnusedParts(source));

    private IEnumerable<string> FindLimitations(ModelSource source)
    {
        if (FindTwofold(source) is { } twofold)
            yield return twofold;
        if (FindPictureWarning(source) is { } pictures)
            yield return pictures;
        if (source is { Draft: not null, File: { } file } && FindProblem(file, out GgufHeader? header) is null && !MakesText(source, header!))
            yield return "is run without its draft model, because it makes no text; remove the member draft";
        if (source.Foreign?.ChatTemplate is not null && !IsLlamaServer(RunnersOf(source)))
            yield return "is run without its chat template: the embedded engine cannot read it; install llama.cpp or set LLAMA_SERVER_PATH";
    }

    // Several names of one file may have different parts. Those with the same parts are one sentence.
    private IEnumerable<string> FindUnusedParts(ModelSource source)
    {
        var same = source.Unused.Select(all => (all.Tool, all.Name, Parts: FindUnused(source, all.Parts))).Where(static name => name.Parts.Length > 0)
            .GroupBy(static name => (name.Tool, Text: Spelling.List(name.Parts, "and")));
        foreach (IGrouping<(SourceKind Tool, string Text), (SourceKind Tool, string Name, string[] Parts)> group in same)
        {
            string[] names = [.. group.Select(static name => name.Name)];
            bool hasStop = group.First().Parts.Contains(ForeignModel.StopTexts, StringComparer.Ordinal);
            yield return $"model \"{names[0]}\" {Also(names)}is run without its {group.Key.Text}, which only {SourceText.ToolOf(group.Key.Tool)} uses"
                + (hasStop ? "; send \"stop\" in requests whose answers need it" : "");
        }
    }

    private static string Also(string[] names) => names.Length switch
    {
        1 => "",
        <= MaxNames => $"(also {string.Join(", ", names.Skip(1))}) ",
        _ => string.Create(CultureInfo.InvariantCulture, $"(also {names[1]} and {names.Length - 2} more) "),
    };

    // Almost all models of Ollama have a template. The one in the GGUF file does the same.
    private string[] FindUnused(ModelSource source, IReadOnlyList<string> unused)
    {
        bool hasTemplate = source.File is { } file && FindProblem(file, out GgufHeader? header) is null
            && (header!.HasChatTemplate || !MakesText(source, header));
        return [.. unused.Where(part => part != ForeignModel.Template || !hasTemplate)];
    }

    private string? FindTwofold(ModelSource source)
    {
        if (source.File is not { } file || source.AttachedModes.Count == 0 || FindProblem(file, out GgufHeader? header) is not null)
            return null;

        RunnerMode[] both = [.. ModelModes.Of(header!, FindPooling(source)).Intersect(source.AttachedModes)];
        return both.Length == 0 ? null : $"is the file {PlainText.EscapeAndCut(file.ShownName, 200)} and also an attached runner in mode "
            + $"{string.Join(", ", both.Select(ModeText.Format))}; the attached runner gets the requests; rename the file to use both";
    }

    private string? FindPictureWarning(ModelSource source)
    {
        if (source.File is null || source.Projector is not { } projector)
            return null;
        if (_headers.FindProjectorProblem(projector) is { } problem)
            return $"is run without pictures: the image projector {projector.ShownName} {problem}";

        return RunnersOf(source) is { LlamaServerPath: null, LlamaHostPath: not null }
            ? "is run without pictures: the embedded engine cannot read them; install llama.cpp or set LLAMA_SERVER_PATH"
            : null;
    }

    private ModelEntry Create(ModelSource source, ModelFile file, GgufHeader header)
    {
        int slots = Math.Clamp(FindArgument(source, "--parallel") ?? DefaultSlots, 1, 256);
        int trained = (int)Math.Min(header.ContextLength, int.MaxValue);
        int most = Math.Min(trained, source.Settings.MaxAutoContext ?? trained);
        int contextSize = source.Settings.ContextSize
            ?? ContextSizeOfArguments(source, slots, trained)
            ?? Math.Min(most, DefaultContextSize);
        IReadOnlyList<RunnerMode> modes = ModelModes.Of(header, FindPooling(source));
        ModelFile? projector = modes.Contains(RunnerMode.Completion) ? source.Projector : null;
        if (projector is not null && _headers.FindProjectorProblem(projector) is not null)
            projector = null;
        IReadOnlyList<ModelFile> adapters = source.Foreign?.Adapters ?? [];
        long weights = file.SizeBytes + (projector?.SizeBytes ?? 0) + adapters.Sum(static adapter => adapter.SizeBytes);
        IReadOnlyList<string> arguments = Arguments(source);
        RunnerSettings engine = RunnersOf(source);
        DraftModel? draft = modes.Contains(RunnerMode.Completion) ? FindDraft(source) : null;
        RunnerShape shape = RunnerShape.Read(arguments, IsLlamaServer(engine), contextSize, slots) with
        {
            Offload = IsLlamaServer(engine) ? Offload.Read(arguments, engine, projector?.SizeBytes ?? 0) : null,
            Draft = draft,
        };
        return new ModelEntry(source.Reference.ToString(), file.Path, file.SizeBytes, file.Written, source.Settings)
        {
            Modes = [.. modes.Concat(source.AttachedModes).Distinct()],
            ContextSize = source.Settings.HasAutoContext ? 0 : contextSize,
            MaxAutoContext = source.Settings.HasAutoContext ? Math.Max(most, 1) : null,
            Slots = slots,
            WeightBytes = weights,
            Shape = shape,
            Memory = modes.ToDictionary(static mode => mode, mode => MemoryEstimate.Of(header, weights, shape with { Mode = mode })),
            MemoryIdentity = MemoryKey.Begin(header, weights, _engines.Find(source.Settings.Build), arguments),
            Files = [.. new[] { file, projector }.Concat(adapters).Append(draft?.File).OfType<ModelFile>()],
            Draft = draft,
            Header = header,
            ProjectorPath = projector?.Path,
            ChatTemplatePath = source.Foreign?.ChatTemplate,
            Adapters = [.. adapters.Select(static adapter => adapter.Path)],
            Tool = source.Foreign?.Kind,
            Unused = source.Unused,
        };
    }

    private string? FindProblem(ModelFile file, out GgufHeader? header)
    {
        GgufReadOutcome outcome = _headers.Find(file);
        header = outcome.Header;
        if (outcome.Problem is not null)
            return $"its file {NameOf(file)} {outcome.Problem}";

        return header!.Architecture == HeaderCache.ProjectorArchitecture
            ? $"its file {NameOf(file)} is an image projector; "
                + "give it a name that begins with mmproj, or name it as mmproj of its model in model-runner.json"
            : null;
    }

    // In a store of artifacts, a file has the name of its digest, and is shown with the name of its model elsewhere.
    private static string NameOf(ModelFile file) =>
        ContentName.Read(file.Path) is { } digest ? digest.Short : PlainText.EscapeAndCut(file.ShownName, 200);

    // Without its adapter it would be another model.
    private string? FindAdapterProblem(ModelSource source) => source.Foreign is { Adapters.Count: > 0 } && !IsLlamaServer(RunnersOf(source))
        ? "its adapter needs llama-server, and only the embedded engine is here; install llama.cpp or set LLAMA_SERVER_PATH"
        : null;

    /// <summary>Whether this problem is about the draft model of the model.</summary>
    public bool IsOfDraft(ModelSource source, string problem) =>
        source is { Draft: not null, File: { } file } && FindProblem(file, out GgufHeader? header) is null
        && FindDraftProblems(source, header!).Any(own => problem.EndsWith(own.Text, StringComparison.Ordinal));

    // Without its draft model it would be slower, and nobody would know why.
    private IEnumerable<ModelProblem> FindDraftProblems(ModelSource source, GgufHeader own)
    {
        if (source.Draft is not { } draft || !MakesText(source, own))
            yield break;
        if (!IsLlamaServer(RunnersOf(source)))
        {
            yield return new ModelProblem(
                ModelProblemKind.DraftEngine,
                "its draft model needs llama-server, and only the embedded engine is here; install llama.cpp, set LLAMA_SERVER_PATH, or remove draft");
        }

        if (draft.File is not { } file)
            yield return new ModelProblem(ModelProblemKind.DraftName, $"its draft model {draft.Problem}", draft.Advice, draft.Name);
        else if (FindProblem(file, out GgufHeader? header) is { } problem)
            yield return Describe(ModelProblemKind.DraftFile, problem, draft.Name);
        else if (!ModelModes.Of(header!).Contains(RunnerMode.Completion))
            yield return Describe(ModelProblemKind.DraftMode, "it makes no text", draft.Name);
        if (LlamaArguments.FindText(Arguments(source), DraftSettings.TypeArgument) is { } types && !types.Contains(DraftTypes, StringComparison.Ordinal))
        {
            string text = $"{DraftSettings.TypeArgument} {types} in its arguments does not use one, add {DraftSettings.DraftType}";
            yield return Describe(ModelProblemKind.DraftArguments, text, subject: null);
        }

        ModelProblem Describe(ModelProblemKind kind, string problem, string? subject) =>
            new(kind, $"its draft model \"{draft.Name}\" cannot be used: {problem}", $"; {DraftSource.Remedy}", subject);
    }

    private DraftModel? FindDraft(ModelSource source) => source is { Draft: { File: { } file, Name: var name }, Settings.Draft: { } settings }
        && FindProblem(file, out GgufHeader? header) is null
            ? new DraftModel(name, file, header!, settings)
            : null;

    private bool MakesText(ModelSource source, GgufHeader header) => ModelModes.Of(header, FindPooling(source)).Contains(RunnerMode.Completion);

    private static IEnumerable<ModelFile> HeadsOf(ModelSource source) => new[] { source.File, source.Projector, source.Draft?.File }.OfType<ModelFile>();

    private string? FindConfiguredProjectorProblem(ModelSource source) =>
        source is { Settings.ProjectorPath: not null, Projector: { } projector } && _headers.FindProjectorProblem(projector) is { } problem
            ? $"its mmproj {projector.ShownName} {problem}"
            : null;

    // llama-server's argument counts all slots together; 0 means the model's own context.
    private int? ContextSizeOfArguments(ModelSource source, int slots, int trained) => FindArgument(source, "--ctx-size") switch
    {
        null => null,
        0 => trained,
        int total => Math.Max(1, total / slots),
    };

    private RunnerSettings RunnersOf(ModelSource source) => _runners.With(source.Settings.Build);

    private static bool IsLlamaServer(RunnerSettings runners) => runners.LlamaServerPath is not null || runners.LlamaHostPath is null;

    private int? FindArgument(ModelSource source, string name) => LlamaArguments.FindInteger(Arguments(source), name);

    private string? FindPooling(ModelSource source) => LlamaArguments.FindText(Arguments(source), "--pooling");

    private IReadOnlyList<string> Arguments(ModelSource source) => source.Settings.AddedTo(_runners.ExtraArguments);
}

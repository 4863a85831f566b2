using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>llama.cpp as a server: <c>llama-server</c>, or the embedded <c>llama-host</c>, which accepts a part of its arguments.</summary>
internal sealed class LlamaEngine : Engine
{
    /// <summary>The name of the default engine if llama-server was found.</summary>
    public const string LlamaServer = "llama-server";

    private const string LlamaHost = "llama-host";
    private const string LayersArgument = "--n-gpu-layers";
    private const string TraceLevel = "4";
    private const string PromptCacheVariable = "LLAMA_ARG_CACHE_RAM";

    // Ollama has an engine of its own, and its library has files that only this engine reads.
    private const string OllamaAdvice =
        "the file is Ollama's and may be built for Ollama's engine; use a build for llama.cpp, for example of the same model from Hugging Face";

    private readonly bool _hasMetrics;
    private readonly bool _isServer;
    private readonly string _program;
    private readonly RunnerSettings _settings;

    private LlamaEngine(string name, string program, RunnerSettings settings, bool hasMetrics)
    {
        Name = name;
        _isServer = settings.LlamaServerPath is not null;
        (_program, _settings, _hasMetrics) = (program, settings, hasMetrics);
    }

    /// <summary><c>llama-server</c>, <c>llama-host</c>, or the name of a build of llama-server.</summary>
    public override string Name { get; }

    protected override IReadOnlyList<KnownLogLine> KnownLines => LlamaLogLines.All;

    /// <summary>The build if one is named, else llama-server if there is one, else the embedded llama-host, else null.</summary>
    public static LlamaEngine? Choose(RunnerSettings settings, bool hasMetrics, string? build = null) => settings.With(build) switch
    {
        { LlamaServerPath: { } path } own => new LlamaEngine(build ?? LlamaServer, path, own, hasMetrics),
        { LlamaHostPath: { } path } => new LlamaEngine(LlamaHost, path, settings, hasMetrics),
        _ => null,
    };

    public override string? FindProblem(ModelEntry model) =>
        model.Path is null ? $"{model.Reference} has no file to start a runner with" : null;

    public override RunnerStart Plan(StartOrder order)
    {
        ModelEntry model = order.Model;
        string alias = LlamaAlias.Of(model.Reference);
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForManaged(
            order.Runner, order.SocketPath, LlamaConnections.ForRequests(_settings, model)) with
        {
            ModelName = alias == model.Reference ? null : alias,
        };
        IReadOnlyList<string> arguments = ArgumentsFor(model, order.Mode, order.SocketPath, order.Slots?.FolderPath);

        // A request for the slots would wake a server that sleeps, or keep it awake.
        if (_isServer && !arguments.Contains("--sleep-idle-seconds", StringComparer.Ordinal))
            endpoint = endpoint with { SlotsAddress = new Uri(endpoint.BaseAddress, "slots") };
        string? layers = LlamaArguments.FindText(arguments, LayersArgument);
        IReadOnlyList<string> variables = Variables(order.Folder.EmptyFolder, ShowsLayers(layers), PromptCacheLimit(model, order.Mode, arguments));
        var start = new RunnerStart(this, model.Reference, _program, arguments, variables, endpoint)
        {
            SocketPath = order.SocketPath, AnswersAs = alias, ContextTokens = model.ContextSize > 0 ? model.ContextSize : null, Layers = layers,
            LoadAdvice = model.Tool == SourceKind.Ollama ? OllamaAdvice : null,
            Draft = _isServer && order.Mode == RunnerMode.Completion ? model.Draft?.Reference : null,
        };
        return order.Slots?.Attach(start) ?? start;
    }

    /// <summary>Creates what keeps the contexts of a runner.</summary>
    /// <param name="model">The model. It must have a file.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="store">The folder for contexts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <returns>Null: the user does not want it, or the mode has no contexts.</returns>
    public SlotKeeper? KeepSlots(ModelEntry model, RunnerMode mode, SlotStore store, TimeProvider time, ILogger logger)
    {
        if (!_settings.KvCache.Persist || mode != RunnerMode.Completion)
            return null;
        string? problem = !_isServer ? "the embedded llama-host cannot save contexts; install llama-server"
            : model.ProjectorPath is not null ? "llama-server cannot save the context of a model with an image projector"
            : _settings.EngineFlags?.Known.Contains(SlotStore.FolderArgument) == false ? "this llama-server does not know " + SlotStore.FolderArgument
            : null;
        return new SlotKeeper(store, model, problem, time, logger);
    }

    /// <summary>Why a runner would be started in another way now, in a clause; null: it would not.</summary>
    public string? FindChange(RunnerSnapshot runner)
    {
        if (runner.Program is not { } program || runner.Model is not { } model)
            return null;
        if (_program != program.Path)
            return $"{Name} is another program now";
        if (runner.Key.Mode == RunnerMode.Completion && (runner.Slots is not null) != _settings.KvCache.Persist)
            return $"kvCache.persist is {(_settings.KvCache.Persist ? "on" : "off")} now";
        int host = runner.Arguments.Index().FirstOrDefault(static word => word.Item == LlamaCommandLine.Address).Index + 1;
        return host >= runner.Arguments.Count
            || ArgumentsFor(model, runner.Key.Mode, runner.Arguments[host], LlamaArguments.FindText(runner.Arguments, SlotStore.FolderArgument))
                .SequenceEqual(runner.Arguments, StringComparer.Ordinal)
                ? null
                : "its arguments changed";
    }

    private IReadOnlyList<string> ArgumentsFor(ModelEntry model, RunnerMode mode, string socketPath, string? slotFolder) =>
        LlamaCommandLine.Build(_isServer, model, mode, socketPath, _settings, _hasMetrics, slotFolder);

    public override RunnerFailure Explain(
        RunnerStart start, ExitStatus status, IReadOnlyList<string> lines, MemoryKill memoryKill, bool wasReady)
    {
        if (!wasReady && start.Draft is { } draft)
        {
            lines = DraftFailure.WithoutMeasurement(lines);
            RunnerFailure loading = base.Explain(start, status, lines, memoryKill, wasReady);
            if (DraftFailure.IsIn(lines))
                return DraftFailure.Attribute(loading, draft);
            if (loading.Reason == StopReason.Crashed)
                return DraftFailure.Suspect(loading, draft);
        }

        RunnerFailure failure = base.Explain(start, status, lines, memoryKill, wasReady);
        bool isAboutFile = failure.Reason is StopReason.ModelInvalid or StopReason.ModelUnsupported;
        return start.LoadAdvice is { } advice && isAboutFile && !wasReady ? failure with { Message = $"{failure.Message}; {advice}" } : failure;
    }

    public override async Task<RunnerReceipt?> InspectAsync(RunnerStart start, IReadOnlyList<string> lines, CancellationToken cancellationToken) =>
        await LlamaReceipt.AddPropertiesAsync(
            LlamaReceipt.ReadLog(lines, start.Layers) with { ConfiguredContext = start.ContextTokens }, start.Endpoint, cancellationToken);

    // As variables rather than arguments: a llama-server that does not know one of them ignores it. An abort must not start a debugger.
    private static IReadOnlyList<string> Variables(string emptyFolder, bool showsLayers, string? promptCache) => RunnerEnvironment.Build(
        Environment.GetEnvironmentVariables(), emptyFolder,
        [
            .. FixedVariables,
            DeviceList.Order,
            .. showsLayers ? [("LLAMA_ARG_LOG_VERBOSITY", TraceLevel)] : Array.Empty<(string, string)>(),
            .. promptCache is not null ? [(PromptCacheVariable, promptCache)] : Array.Empty<(string, string)>(),
        ]);

    // llama-server keeps up to 8 GiB of prompts outside its slots, far more than many models need. The memory estimate includes this limit.
    private static string? PromptCacheLimit(ModelEntry model, RunnerMode mode, IReadOnlyList<string> arguments) =>
        model.Memory.GetValueOrDefault(mode) is { PromptCache: > 0 and var bytes }
        && !arguments.Contains(RunnerShape.PromptCacheArgument, StringComparer.Ordinal)
            ? Math.Ceiling(bytes / (1 << 20)).ToString(CultureInfo.InvariantCulture)
            : null;

    // Newer versions write the lines about layers only at the level "trace", together with about 30 more lines for each request. Older versions
    // write them always, and at the same level the texts of requests.
    private bool ShowsLayers(string? layers) =>
        _settings.EngineFlags is { HasTraceLevel: true } && (layers is null ? GraphicsCards.AreHere : layers != "0");

    private static (string Name, string Value)[] FixedVariables { get; } =
    [
        ("GGML_NO_BACKTRACE", "1"), ("LLAMA_ARG_NO_UI", "1"), ("LLAMA_ARG_NO_WEBUI", "1"), ("LLAMA_ARG_OFFLINE", "1"),
        ("LLAMA_ARG_ENDPOINT_SLOTS", "1"),
    ];
}

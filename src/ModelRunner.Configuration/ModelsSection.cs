using System.Text.Json;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>Reads the section <c>models</c> of the file: settings of single models.</summary>
internal static class ModelsSection
{
    /// <summary>The value of <c>mmproj</c> that disables a projector beside the model.</summary>
    private const string NoProjector = "none";

    private const int MaxConcurrency = 100_000;

    /// <summary>The value of <c>contextSize</c> for the largest context that fits.</summary>
    private const string AutoContext = "auto";

    /// <summary>The most tokens of context per slot.</summary>
    public const int MaxContextSize = 16 * 1024 * 1024;

    public static IReadOnlyDictionary<string, ModelSettings> Resolve(
        ConfigurationFile file, OptionReader reader, string modelsPath, IReadOnlyDictionary<string, EngineSettings> engines,
        IReadOnlyDictionary<string, LlamaBuild> builds)
    {
        var engineReader = new ModelEngineReader(engines, builds, reader.Problems);
        var models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal);
        foreach ((string written, FileNode node) in file.Models?.Members ?? [])
        {
            if (node.Kind != JsonValueKind.Object)
            {
                reader.Problems.Add(new ConfigurationProblem(file.LocationOf(node), null, $"is {node.KindName}", "write an object, {} for the defaults"));
            }
            else if (ParseReference(file, node, written, reader.Problems) is { } canonical)
            {
                ModelSettings settings = ResolveModel(file, new FileObjectReader(file, node, reader.Problems), reader, modelsPath, engineReader);
                if (!models.TryAdd(canonical, settings))
                {
                    reader.Problems.Add(new ConfigurationProblem(
                        file.LocationOf(node), written, $"is the same model as another entry, {canonical}", "keep one of them"));
                }
            }
        }

        CheckAliases(file, models, reader.Problems);
        return models;
    }

    private static ModelSettings ResolveModel(
        ConfigurationFile file, FileObjectReader members, OptionReader reader, string modelsPath, ModelEngineReader engineReader)
    {
        string? path = ResolvePath(members.Text("path"), reader, modelsPath);
        WrittenValue? projector = members.Text("mmproj");
        bool hasNoProjector = projector?.Text == NoProjector;
        DraftSettings? draft = DraftSection.Read(file, members.Object("draft"), reader.Problems);
        (int? contextSize, bool hasAutoContext) = members.IntegerOr(AutoContext, "contextSize", 1, MaxContextSize);
        TimeSpan? keepAlive = members.KeepAlive("keepAlive");
        RequestPriority priority = PriorityText.Read(members.Text("priority"), reader.Problems);
        bool isPreloaded = members.Boolean("preload") ?? false;
        int? concurrency = members.Integer("concurrency", 1, MaxConcurrency);
        var queue = new QueueLimits(
            members.Integer("maxQueued", (int)ConfigurationCatalog.MaxQueuedPerModel.Minimum, (int)ConfigurationCatalog.MaxQueuedPerModel.Maximum),
            members.Duration("queueTimeout", ConfigurationCatalog.QueueTimeout));
        ProcessorSet? cpuSet = members.Processors("cpuSet");
        long? memoryLimit = members.Size("memoryLimit", ConfigurationCatalog.MinMemoryLimit, ConfigurationCatalog.MaxMemoryLimit);
        IReadOnlyList<string> arguments =
            members.Texts("args") is { } written ? LlamaArguments.Resolve(written, reader.Problems) : [];
        IReadOnlyList<string> aliases = ResolveAliases(members.Texts("aliases"), reader.Problems);
        var model = new ModelSettings
        {
            Path = path,
            ProjectorPath = hasNoProjector ? null : ResolvePath(projector, reader, modelsPath),
            HasNoProjector = hasNoProjector,
            Draft = draft,
            ContextSize = contextSize, HasAutoContext = hasAutoContext, KeepAlive = keepAlive,
            Priority = priority, Concurrency = concurrency, Queue = queue, IsPreloaded = isPreloaded, CpuSet = cpuSet, MemoryLimitBytes = memoryLimit,
            Arguments = arguments, Aliases = aliases,
        };
        model = engineReader.Complete(model, members);
        members.ReportUnknown();

        if ((contextSize is not null || hasAutoContext) && arguments.Contains("--ctx-size", StringComparer.Ordinal))
        {
            reader.Problems.Add(new ConfigurationProblem(
                members.Location, null, "has both contextSize and --ctx-size", "keep contextSize, which counts per slot"));
        }

        return model;
    }

    private static string? ResolvePath(WrittenValue? written, OptionReader reader, string modelsPath)
    {
        if (written is null)
            return null;
        if (PathText.IsPossible(written.Text))
            return PathText.Resolve(written.Text, reader.Options, modelsPath);

        reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, "is not a path", "name the GGUF file"));
        return null;
    }

    private static List<string> ResolveAliases(WrittenValue? written, List<ConfigurationProblem> problems)
    {
        var aliases = new List<string>();
        if (written is null)
            return aliases;

        foreach (string text in written.Items ?? [written.Text])
        {
            if (ModelReference.TryParseWritten(text, out ModelReference reference, out string? problem))
                aliases.Add(reference.ToString());
            else
                problems.Add(new ConfigurationProblem(written.Key, text, problem!, "write a name such as llama3.2"));
        }

        return aliases;
    }

    /// <summary>Reads the reference under which a model is configured; null if it is invalid, which is reported.</summary>
    public static string? ParseReference(ConfigurationFile file, FileNode node, string written, List<ConfigurationProblem> problems)
    {
        if (ModelReference.TryParseWritten(written, out ModelReference reference, out string? problem))
            return reference.ToString();

        problems.Add(new ConfigurationProblem(file.LocationOf(node), written, problem!, "write a name such as llama3.2 or lab/otter:7b"));
        return null;
    }

    // An alias must lead to one model, and a model's own name must lead to that model.
    private static void CheckAliases(ConfigurationFile file, Dictionary<string, ModelSettings> models, List<ConfigurationProblem> problems)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string canonical, ModelSettings settings) in models)
        {
            foreach (string alias in settings.Aliases)
            {
                string? other = models.ContainsKey(alias) && alias != canonical ? alias : null;
                if (!owners.TryAdd(alias, canonical) && owners[alias] != canonical)
                    other = owners[alias];
                if (other is not null)
                {
                    problems.Add(new ConfigurationProblem(
                        file.LocationOf(file.Models!), alias, $"is an alias of {canonical} and also leads to {other}", "keep one of them"));
                }
            }
        }
    }
}

using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The arguments of a runner: those that the daemon sets, its defaults, then those that the user added.</summary>
internal static class LlamaCommandLine
{
    // Two threads that share one small matrix mostly wait for each other. On busy cores the throughput falls to a hundredth.
    private const long SmallModelBytes = 100_000_000;

    private static readonly string[] TemplateArguments = ["--chat-template", "--chat-template-file"];

    /// <summary>The argument that has the socket to listen on.</summary>
    public const string Address = "--host";

    /// <summary>Builds the arguments, without the program's own name.</summary>
    /// <param name="isLlamaServer">Whether they are for llama-server, which knows more arguments than the embedded llama-host.</param>
    /// <param name="model">The model. It must have a file.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="socketPath">The socket to listen on.</param>
    /// <param name="settings">Arguments for every runner.</param>
    /// <param name="hasMetrics">False: the runner serves no metrics.</param>
    /// <param name="slotFolder">The folder for saved contexts, which must exist; null: none are saved.</param>
    public static IReadOnlyList<string> Build(
        bool isLlamaServer, ModelEntry model, RunnerMode mode, string socketPath, RunnerSettings settings, bool hasMetrics, string? slotFolder = null)
    {
        IReadOnlyList<string> added = model.Settings.AddedTo(settings.ExtraArguments);
        IReadOnlyList<string> passedOn = EngineArgumentCheck.Adapt(added, settings.EngineFlags);
        var arguments = new List<string> { "--model", model.Path!, Address, socketPath, "--alias", LlamaAlias.Of(model.Reference) };
        if (hasMetrics)
            arguments.Add("--metrics");
        if (mode == RunnerMode.Embedding)
            arguments.Add("--embeddings");
        if (mode == RunnerMode.Reranking)
            arguments.Add("--reranking");

        if (mode == RunnerMode.Completion && isLlamaServer && model.ProjectorPath is { } projector)
            arguments.AddRange(["--mmproj", projector]);

        // A template that the user names replaces it.
        if (mode == RunnerMode.Completion && isLlamaServer && model.ChatTemplatePath is { } template && !added.Any(TemplateArguments.Contains))
            arguments.AddRange(["--chat-template-file", template]);

        if (isLlamaServer)
            foreach (string adapter in model.Adapters)
                arguments.AddRange(["--lora", adapter]);

        if (slotFolder is not null)
            arguments.AddRange([SlotStore.FolderArgument, slotFolder]);

        AddDefault("--parallel", model.Slots);
        AddDefault("--ctx-size", (long)model.ContextSize * model.Slots);
        if (model.SizeBytes < SmallModelBytes)
            AddDefault("--threads", 1);
        else if ((model.Settings.CpuSet ?? settings.CpuSet) is { } processors)
            AddDefault("--threads", ProcessorCores.Count(processors));
        if (isLlamaServer)
            arguments.AddRange([LlamaConnections.ThreadsArgument, LlamaConnections.ThreadsFor(settings, model).ToString(CultureInfo.InvariantCulture)]);
        if (isLlamaServer && mode != RunnerMode.Completion)
        {
            long batch = RunnerShape.VectorBatchFor(model.ContextSize);
            AddDefault("--batch-size", batch);
            AddDefault("--ubatch-size", batch);
        }

        IEnumerable<string> drafting = mode == RunnerMode.Completion && isLlamaServer && model.Draft is { } draft
            ? DraftArguments.Of(draft, added, settings.EngineFlags)
            : [];
        return [.. arguments, .. isLlamaServer ? WithoutThreads(passedOn) : passedOn, .. drafting];

        void AddDefault(string name, long value)
        {
            if (value > 0 && !added.Contains(name, StringComparer.Ordinal))
                arguments.AddRange([name, value.ToString(CultureInfo.InvariantCulture)]);
        }
    }

    // The number of the user is included in the number that the daemon passes.
    private static IEnumerable<string> WithoutThreads(IReadOnlyList<string> words)
    {
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i] == LlamaConnections.ThreadsArgument)
                i++;
            else
                yield return words[i];
        }
    }
}

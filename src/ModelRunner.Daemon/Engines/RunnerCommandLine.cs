using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>The arguments that a runner is started with: those that the daemon owns, its defaults, then what the user added.</summary>
internal static class RunnerCommandLine
{
    // Two threads that share one small matrix spend their time waiting for each other; on busy cores throughput falls to a hundredth.
    private const long SmallModelBytes = 100_000_000;

    // An input must fit one physical batch when vectors are made. 512 is llama-server's default.
    private const int MinVectorBatch = 512;

    /// <summary>Builds the arguments, without the program's own name.</summary>
    /// <param name="engine">Who will read them.</param>
    /// <param name="model">What to serve; it must have a file.</param>
    /// <param name="mode">What to serve it as.</param>
    /// <param name="socketPath">Where to listen.</param>
    /// <param name="settings">Arguments for every runner.</param>
    /// <param name="hasMetrics">False: the runner shows no metrics either.</param>
    public static IReadOnlyList<string> Build(
        RunnerEngine engine, ModelEntry model, RunnerMode mode, string socketPath, RunnerSettings settings, bool hasMetrics)
    {
        // The last of two equal arguments counts, so a model's own stand behind those for every runner.
        string[] added = [.. settings.ExtraArguments, .. model.Settings.Arguments];
        IReadOnlyList<string> passedOn = EngineArgumentCheck.Adapt(added, settings.EngineFlags);
        var arguments = new List<string> { "--model", model.Path!, "--host", socketPath, "--alias", RunnerAlias.Of(model.Reference) };
        if (hasMetrics)
            arguments.Add("--metrics");
        if (mode == RunnerMode.Embedding)
            arguments.Add("--embeddings");
        if (mode == RunnerMode.Reranking)
            arguments.Add("--reranking");

        if (mode == RunnerMode.Completion && engine.IsLlamaServer && model.ProjectorPath is { } projector)
            arguments.AddRange(["--mmproj", projector]);

        AddDefault("--parallel", model.Slots);
        AddDefault("--ctx-size", (long)model.ContextSize * model.Slots);
        if (model.SizeBytes < SmallModelBytes)
            AddDefault("--threads", 1);
        if (engine.IsLlamaServer)
            arguments.AddRange([RunnerConnections.ThreadsArgument, RunnerConnections.ThreadsFor(settings, model).ToString(CultureInfo.InvariantCulture)]);
        if (engine.IsLlamaServer && mode != RunnerMode.Completion)
        {
            int batch = Math.Max(model.ContextSize, MinVectorBatch);
            AddDefault("--batch-size", batch);
            AddDefault("--ubatch-size", batch);
        }

        return [.. arguments, .. engine.IsLlamaServer ? WithoutThreads(passedOn) : passedOn];

        void AddDefault(string name, long value)
        {
            if (value > 0 && !added.Contains(name, StringComparer.Ordinal))
                arguments.AddRange([name, value.ToString(CultureInfo.InvariantCulture)]);
        }
    }

    // What the user gave is part of the number that the daemon passes.
    private static IEnumerable<string> WithoutThreads(IReadOnlyList<string> words)
    {
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i] == RunnerConnections.ThreadsArgument)
                i++;
            else
                yield return words[i];
        }
    }
}

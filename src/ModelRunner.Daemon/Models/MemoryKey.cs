using System.Globalization;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// The key under which the measured memory of loads is kept: the file, the engine and the arguments that decide how much memory a runner needs. It is
/// known before the load. Times and paths of model files do not count, so a copied or moved file keeps its measurements.
/// </summary>
internal static class MemoryKey
{
    // Arguments that decide how fast or what a runner answers, but not how much memory it needs. An argument that is missing here only makes another key.
    private static readonly HashSet<string> Neutral = [.. (
        "--threads --threads-batch --cpu-mask --cpu-range --cpu-strict --prio --poll --cpu-mask-batch --cpu-range-batch --cpu-strict-batch --prio-batch "
        + "--poll-batch --keep --predict --timeout --sse-ping-interval --samplers --seed --sampling-seq --ignore-eos --temp --top-k --top-p --min-p "
        + "--top-nsigma --xtc-probability --xtc-threshold --typical --repeat-last-n --repeat-penalty --presence-penalty --frequency-penalty "
        + "--dry-multiplier --dry-base --dry-allowed-length --dry-penalty-last-n --dynatemp-range --dynatemp-exp --mirostat --mirostat-lr --mirostat-ent "
        + "--jinja --no-jinja --chat-template --chat-template-kwargs --prefill-assistant --no-prefill-assistant --reasoning-format --reasoning-budget "
        + "--reasoning --reasoning-effort --reasoning-preserve --no-reasoning-preserve --verbosity --verbose --perf --no-perf").Split(' ')];

    /// <summary>What is the same for all modes and contexts of a model.</summary>
    /// <param name="header">The header of its file.</param>
    /// <param name="weightBytes">Bytes of its files, the image projector included.</param>
    /// <param name="engine">The <see cref="EngineOf"/> its engine.</param>
    /// <param name="arguments">The arguments that the user added.</param>
    public static string Begin(GgufHeader header, long weightBytes, string engine, IReadOnlyList<string> arguments)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{header.ShapeHash} {weightBytes} {engine}");
        for (int i = 0; i < arguments.Count; i++)
        {
            bool isNeutral = Neutral.Contains(arguments[i]);
            bool hasValue = LlamaArgumentTable.Arguments.TryGetValue(arguments[i], out LlamaArgument known) && known.Kind != LlamaValueKind.None;
            if (!isNeutral)
                text.Append(' ').Append(arguments[i]);
            if (hasValue && ++i < arguments.Count && !isNeutral)
                text.Append(' ').Append(arguments[i]);
        }

        return text.ToString();
    }

    /// <summary>The same for a model of a command of the configuration: the command, and the path and the name with which it is started.</summary>
    public static string Begin(EngineSettings engine, string reference, ModelSettings model) =>
        string.Join('\0', [.. engine.Command, model.Path ?? "", model.ModelName ?? reference]);

    /// <summary>The engine and its version: another program file is another version.</summary>
    public static string EngineOf(RunnerSettings runners)
    {
        string name = runners.LlamaServerPath is not null ? "llama-server" : "llama-host";
        FileStatus file = FileStatus.Of(runners.LlamaServerPath ?? runners.LlamaHostPath ?? "");
        return string.Create(CultureInfo.InvariantCulture, $"{name} {file.SizeBytes} {file.Written.UtcTicks}");
    }

    /// <summary>The key of a runner; null: its memory is not kept, because it is not known what it loads.</summary>
    public static string? Of(ModelEntry model, RunnerMode mode)
    {
        if (model.MemoryIdentity is not { } identity || (model.Settings.Engine is null && !model.Memory.ContainsKey(mode)))
            return null;
        string text = string.Create(CultureInfo.InvariantCulture, $"{identity} {model.ContextSize} {model.Slots} {(int)mode}");
        if (mode == RunnerMode.Completion && model.Draft is { } draft)
            text += string.Create(CultureInfo.InvariantCulture, $" draft {draft.Header.ShapeHash} {draft.File.SizeBytes} {draft.Settings.MaxTokens}");
        var hash = new StableHash();
        hash.Add(text);
        return hash.ToString();
    }
}

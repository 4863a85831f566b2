using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>The arguments of a runner that decide how much memory it needs. Immutable.</summary>
internal sealed record RunnerShape
{
    /// <summary>The argument for the most MiB of prompts outside the slots; -1: no limit.</summary>
    public const string PromptCacheArgument = "--cache-ram";

    /// <summary>llama.cpp gives a sequence a multiple of 256 tokens.</summary>
    public const int ContextStep = 256;

    // The tokens that llama.cpp computes at once if no argument says otherwise.
    private const int DefaultBatch = 512;
    private const int DefaultCheckpoints = 32;

    // A slot that drafts tokens reserves 64 results beside its own.
    private const int DraftedOutputs = 64;

    // Without a limit nothing can be promised. This is llama-server's own default.
    private const int UnlimitedPromptCache = 8192;

    /// <summary>The kind of requests that the runner serves.</summary>
    public RunnerMode Mode { get; init; }

    /// <summary>Requests that it serves at once. At least 1.</summary>
    public required int Slots { get; init; }

    /// <summary>Tokens of context for each slot.</summary>
    public required long Context { get; init; }

    /// <summary>Whether an argument sets the context of all slots together, and not the setting <c>contextSize</c>.</summary>
    public bool IsContextArgument { get; init; }

    /// <summary>Whether arguments for the positions of tokens make contexts usable that are longer than those of the training.</summary>
    public bool ExtendsContext { get; init; }

    /// <summary>Whether it is llama-server and not llama-host, which ignores most arguments.</summary>
    public bool IsLlamaServer { get; init; } = true;

    /// <summary>The number of tokens in <c>--ubatch-size</c>; null: not given.</summary>
    public long? PhysicalBatch { get; init; }

    /// <summary>The number of tokens in <c>--batch-size</c>; null: not given.</summary>
    public long? LogicalBatch { get; init; }

    /// <summary>Whether all slots share one cache.</summary>
    public bool IsUnified { get; init; }

    /// <summary>Whether layers with a sliding window keep the whole context.</summary>
    public bool KeepsWholeWindow { get; init; }

    /// <summary>Whether attention is computed without a matrix of all pairs of tokens.</summary>
    public bool HasFlashAttention { get; init; } = true;

    /// <summary>Bytes of one number in the keys of the cache.</summary>
    public double KeyBytes { get; init; } = CacheType.DefaultBytes;

    /// <summary>Bytes of one number in the values of the cache.</summary>
    public double ValueBytes { get; init; } = CacheType.DefaultBytes;

    /// <summary>The most copies of a slot's state that it keeps for each slot, if the model cannot go back without one.</summary>
    public int Checkpoints { get; init; } = DefaultCheckpoints;

    /// <summary>The most bytes of prompts that it keeps outside its slots; null: as many as the cache of its slots, within limits.</summary>
    public long? PromptCacheBytes { get; init; }

    /// <summary>Which parts are on graphics cards; null: none, or it is not known.</summary>
    public Offload? Offload { get; init; }

    /// <summary>The results of one batch for each slot, without a draft model.</summary>
    public int OutputsPerSlot { get; init; } = 1;

    /// <summary>The results of one batch for each slot.</summary>
    public int Outputs => this is { Draft: { } draft, Mode: RunnerMode.Completion }
        ? Math.Max(OutputsPerSlot, Math.Max(DraftedOutputs, draft.Settings.MaxTokens ?? 0) + 1)
        : OutputsPerSlot;

    /// <summary>The draft model that a completion runner loads too; null: none.</summary>
    public DraftModel? Draft { get; init; }

    /// <summary>Whether it keeps prompts outside its slots at all.</summary>
    public bool HasPromptCache => IsLlamaServer && Mode == RunnerMode.Completion;

    /// <summary>Tokens that it computes at once.</summary>
    public long Batch => Math.Min(
        PhysicalBatch ?? (Mode == RunnerMode.Completion ? DefaultBatch : VectorBatchFor(Context)), LogicalBatch ?? long.MaxValue);

    /// <summary>The batch of a runner that makes vectors: a vector needs its whole input in one batch.</summary>
    /// <param name="context">Tokens of context for each slot.</param>
    public static long VectorBatchFor(long context) => Math.Max(DefaultBatch, context);

    /// <summary>
    /// The shape of the part of a runner that the draft model needs: the same slots and context, but a cache of the default type, and all of it on the cards.
    /// </summary>
    public RunnerShape OfDraft() => this with
    {
        Draft = null,
        KeyBytes = CacheType.DefaultBytes,
        ValueBytes = CacheType.DefaultBytes,
        OutputsPerSlot = 1,
        Offload = Offload is { } offload
            ? offload with { Layers = Offload.AllLayers, ExpertLayers = 0, IsOverridden = false, ProjectorBytes = 0 }
            : null,
    };

    /// <summary>Reads the shape from the arguments of the user.</summary>
    /// <param name="arguments">Checked arguments; the last of two equal ones counts.</param>
    /// <param name="isLlamaServer">Whether llama-server gets them and not llama-host.</param>
    /// <param name="contextSize">Tokens of context for each slot.</param>
    /// <param name="slots">The number of slots.</param>
    public static RunnerShape Read(IReadOnlyList<string> arguments, bool isLlamaServer, int contextSize, int slots)
    {
        var shape = new RunnerShape
        {
            Slots = slots, Context = contextSize, IsLlamaServer = isLlamaServer,
            IsContextArgument = LlamaArguments.FindInteger(arguments, LlamaArguments.ContextArgument) is not null,
        };
        if (!isLlamaServer)
            return shape with { KeepsWholeWindow = true, Checkpoints = 0 };

        return shape with
        {
            PhysicalBatch = LlamaArguments.FindInteger(arguments, "--ubatch-size") is { } physical and > 0 ? physical : null,
            LogicalBatch = LlamaArguments.FindInteger(arguments, "--batch-size") is { } logical and > 0 ? logical : null,
            ExtendsContext = arguments.Any(static argument => argument.StartsWith("--rope-", StringComparison.Ordinal)),
            IsUnified = LlamaArguments.FindSwitch(arguments, "--kv-unified", "--no-kv-unified") ?? false,
            KeepsWholeWindow = arguments.Contains("--swa-full", StringComparer.Ordinal),
            HasFlashAttention = LlamaArguments.FindText(arguments, "--flash-attn") is not ("off" or "false" or "0"),
            KeyBytes = CacheType.BytesOf(LlamaArguments.FindText(arguments, "--cache-type-k")),
            ValueBytes = CacheType.BytesOf(LlamaArguments.FindText(arguments, "--cache-type-v")),
            Checkpoints = Math.Max(0, LlamaArguments.FindInteger(arguments, "--ctx-checkpoints") ?? DefaultCheckpoints),
            PromptCacheBytes = LlamaArguments.FindInteger(arguments, PromptCacheArgument) is { } mebibytes
                ? (long)(mebibytes < 0 ? UnlimitedPromptCache : mebibytes) << 20
                : null,
            OutputsPerSlot = arguments.Any(static argument => argument.StartsWith("--spec-", StringComparison.Ordinal)) ? DraftedOutputs + 1 : 1,
        };
    }
}

using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>The arguments of a runner that decide how much memory it needs. Immutable.</summary>
internal sealed record RunnerShape
{
    /// <summary>The tokens that llama.cpp computes at once if no argument says otherwise.</summary>
    public const long DefaultBatch = 512;

    /// <summary>The argument for the most MiB of prompts outside the slots; -1: no limit.</summary>
    public const string PromptCacheArgument = "--cache-ram";

    private const int DefaultCheckpoints = 32;

    // Without a limit nothing can be promised. This is llama-server's own default.
    private const int UnlimitedPromptCache = 8192;

    /// <summary>Requests that it serves at once. At least 1.</summary>
    public required int Slots { get; init; }

    /// <summary>Tokens of context for each slot.</summary>
    public required long Context { get; init; }

    /// <summary>Tokens that it computes at once.</summary>
    public long Batch { get; init; } = DefaultBatch;

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

    /// <summary>Whether it keeps prompts outside its slots at all.</summary>
    public bool HasPromptCache { get; init; }

    /// <summary>Reads the shape from the arguments of the user.</summary>
    /// <param name="arguments">Checked arguments; the last of two equal ones counts.</param>
    /// <param name="isLlamaServer">Whether llama-server gets them and not llama-host, which ignores most of them.</param>
    /// <param name="mode">The mode that the model was made for.</param>
    /// <param name="contextSize">Tokens of context for each slot.</param>
    /// <param name="slots">The number of slots.</param>
    public static RunnerShape Read(IReadOnlyList<string> arguments, bool isLlamaServer, RunnerMode mode, int contextSize, int slots)
    {
        // A vector needs its whole input in one batch.
        long batch = mode == RunnerMode.Completion ? DefaultBatch : Math.Max(DefaultBatch, contextSize);
        var shape = new RunnerShape { Slots = slots, Context = contextSize, Batch = batch };
        if (!isLlamaServer)
            return shape with { KeepsWholeWindow = true, Checkpoints = 0 };

        long largest = LlamaArguments.FindInteger(arguments, "--batch-size") is { } size and > 0 ? size : long.MaxValue;
        long physical = LlamaArguments.FindInteger(arguments, "--ubatch-size") is { } written and > 0 ? written : batch;
        return shape with
        {
            Batch = Math.Min(physical, largest),
            IsUnified = LlamaArguments.FindSwitch(arguments, "--kv-unified", "--no-kv-unified") ?? false,
            KeepsWholeWindow = arguments.Contains("--swa-full", StringComparer.Ordinal),
            HasFlashAttention = LlamaArguments.FindText(arguments, "--flash-attn") is not ("off" or "false" or "0"),
            KeyBytes = CacheType.BytesOf(LlamaArguments.FindText(arguments, "--cache-type-k")),
            ValueBytes = CacheType.BytesOf(LlamaArguments.FindText(arguments, "--cache-type-v")),
            Checkpoints = Math.Max(0, LlamaArguments.FindInteger(arguments, "--ctx-checkpoints") ?? DefaultCheckpoints),
            PromptCacheBytes = LlamaArguments.FindInteger(arguments, PromptCacheArgument) is { } mebibytes
                ? (long)(mebibytes < 0 ? UnlimitedPromptCache : mebibytes) << 20
                : null,
            HasPromptCache = mode == RunnerMode.Completion,
        };
    }
}

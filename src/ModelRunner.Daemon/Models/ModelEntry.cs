using ModelRunner.Configuration;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>A model that requests can name.</summary>
/// <param name="Reference">The canonical reference, with its tag: what is shown and what the <c>model</c> label holds.</param>
/// <param name="Path">Absolute path of its GGUF file (the first shard); null where only attached runners serve it.</param>
/// <param name="SizeBytes">Bytes on disk, all shards; 0 where unknown.</param>
/// <param name="Created">The file's last write.</param>
/// <param name="Settings">What the configuration says of it.</param>
internal sealed record ModelEntry(string Reference, string? Path, long SizeBytes, DateTimeOffset Created, ModelSettings Settings)
{
    /// <summary>The modes it can be run in, the first being what it was made for; empty where unknown (every mode is tried then).</summary>
    public IReadOnlyList<RunnerMode> Modes { get; init; } = [];

    /// <summary>The estimate of a runner's resident memory in bytes; 0 where unknown.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Tokens of context per slot that its runners are started with; 0 where unknown (the engine's default is used then).</summary>
    public int ContextSize { get; init; }

    /// <summary>Slots that its runners are started with: how many requests each serves at once.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Absolute path of the image projector that its completion runners are given; null: they take no pictures.</summary>
    public string? ProjectorPath { get; init; }

    /// <summary>What the head of its file says; null where only attached runners serve it.</summary>
    public GgufHeader? Header { get; init; }
}

using ModelRunner.Configuration;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>A model that requests can name.</summary>
/// <param name="Reference">The canonical reference, with its tag: the name that is shown and the value of the <c>model</c> label.</param>
/// <param name="Path">
/// Absolute path of its GGUF file (the first shard), or of what its engine loads; null if only attached runners serve it, or if its engine
/// needs no path.
/// </param>
/// <param name="SizeBytes">Bytes on disk, all shards; 0 if unknown.</param>
/// <param name="Created">The last write of the file.</param>
/// <param name="Settings">Its settings in the configuration.</param>
internal sealed record ModelEntry(string Reference, string? Path, long SizeBytes, DateTimeOffset Created, ModelSettings Settings)
{
    /// <summary>Its modes, the one that it was made for first; empty if unknown (then every mode is tried).</summary>
    public IReadOnlyList<RunnerMode> Modes { get; init; } = [];

    /// <summary>Bytes of the weights that a runner loads, its image projector included; 0 if unknown.</summary>
    public long WeightBytes { get; init; }

    /// <summary>The arguments of its runners that decide how much memory they need; null if unknown.</summary>
    public RunnerShape? Shape { get; init; }

    /// <summary>The memory that a runner is expected to need in each mode; empty if unknown.</summary>
    public IReadOnlyDictionary<RunnerMode, MemoryEstimate> Memory { get; init; } = new Dictionary<RunnerMode, MemoryEstimate>();

    /// <summary>The part of the <see cref="MemoryKey"/> that is the same for all modes; null: what it loads is not known.</summary>
    public string? MemoryIdentity { get; init; }

    /// <summary>The memory in bytes that a runner in this mode is expected to need; 0 if unknown.</summary>
    public long MemoryBytes(RunnerMode mode) => Memory.GetValueOrDefault(mode)?.Total ?? 0;

    /// <summary>Tokens of context per slot that its runners are started with; 0 if unknown (then the engine's default is used).</summary>
    public int ContextSize { get; init; }

    /// <summary>
    /// The most tokens of context per slot, if each start of a runner chooses as many as fit. Then <see cref="ContextSize"/> is 0 until
    /// <see cref="WithContext"/> sets it. Null: the context is fixed.
    /// </summary>
    public int? MaxAutoContext { get; init; }

    /// <summary>
    /// The context that somebody chose for it, or that its runners get in any case; null: each start decides, up to what the model was trained for, or it is
    /// unknown.
    /// </summary>
    public int? ShownContext => ContextSize > 0 ? ContextSize : Settings.MaxAutoContext is null ? null : MaxAutoContext;

    /// <summary>Slots that its runners are started with: the number of requests that each serves at once.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Absolute path of the image projector for its completion runners; null: they accept no pictures.</summary>
    public string? ProjectorPath { get; init; }

    /// <summary>The draft model that its completion runners load too; null: none.</summary>
    public DraftModel? Draft { get; init; }

    /// <summary>Absolute path of its chat template, in place of the one in its file; null: none.</summary>
    public string? ChatTemplatePath { get; init; }

    /// <summary>Absolute paths of the adapters (LoRA) for its runners.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>The tool whose file it is; null: none.</summary>
    public SourceKind? Tool { get; init; }

    /// <summary>Parts that tools would use and its runners do not get, for each of its names that has such parts.</summary>
    public IReadOnlyList<UnusedParts> Unused { get; init; } = [];

    /// <summary>Where it comes from: its own origin, then those of its other names. From a closed list.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Other canonical references of the same file.</summary>
    public IReadOnlyList<string> OtherNames { get; init; } = [];

    /// <summary>Its id.</summary>
    public Digest Id { get; init; }

    /// <summary>The digests of its manifests, in the order of its names; empty: no store has a manifest of it.</summary>
    public IReadOnlyList<Digest> Manifests { get; init; } = [];

    /// <summary>The names that the configuration gives it beside its own, as far as no other model has them.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Its own file first, then its image projector, its adapters and its draft model; empty if only its engine knows what it loads.</summary>
    public IReadOnlyList<ModelFile> Files { get; init; } = [];

    /// <summary>The header of its GGUF file; null if no such file was read.</summary>
    public GgufHeader? Header { get; init; }

    /// <summary>The same model with a number of tokens of context per slot. Its file must have been read.</summary>
    public ModelEntry WithContext(int tokens)
    {
        (GgufHeader header, RunnerShape shape) = (Header!, Shape! with { Context = tokens });
        return this with
        {
            ContextSize = tokens,
            Shape = shape,
            Memory = Memory.Keys.ToDictionary(static mode => mode, mode => MemoryEstimate.Of(header, WeightBytes, shape with { Mode = mode })),
        };
    }

    /// <summary>Whether both have the same file and the same draft model, as far as paths, sizes and times of the last write tell.</summary>
    public bool HasSameFileAs(ModelEntry other) => (Path, SizeBytes, Created) == (other.Path, other.SizeBytes, other.Created)
        && (Draft is null ? other.Draft is null : other.Draft is not null && Draft.File.IsSameAs(other.Draft.File));

    /// <summary>Whether the daemon can start a runner for it in this mode.</summary>
    public bool CanBeStarted(RunnerMode mode) => Settings.Engine is null ? Path is not null : Settings.Mode == mode && !Settings.LacksEnginePath;
}

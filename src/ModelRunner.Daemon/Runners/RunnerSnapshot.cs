using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>One runner at one point in time. Immutable.</summary>
internal sealed record RunnerSnapshot
{
    public required RunnerId Id { get; init; }

    public required RunnerKey Key { get; init; }

    public required RunnerState State { get; init; }

    public required bool IsAttached { get; init; }

    /// <summary>The value of the label <c>replica</c> of an attached runner; null if it has none.</summary>
    public string? Replica { get; init; }

    /// <summary>Its endpoint; null while it has no process.</summary>
    public RunnerEndpoint? Endpoint { get; init; }

    /// <summary><c>llama-server</c>, <c>llama-host</c>, an engine of the configuration, or <c>attached</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>The program of its process; null while it has none, and for an attached runner.</summary>
    public EngineProgram? Program { get; init; }

    public int? ProcessId { get; init; }

    /// <summary>When its process was started; null while it has none, and for an attached runner.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The estimate of its memory in bytes; 0 if unknown.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>What is reserved for it on graphics cards; empty if it uses none, or if they are not known.</summary>
    public IReadOnlyList<CardShare> Cards { get; init; } = [];

    /// <summary>The most memory that its processes used; null while it has none, and for an attached runner.</summary>
    public PeakWatch? Peak { get; init; }

    /// <summary>The model that its process was started for; null while it has none, and for an attached runner.</summary>
    public ModelEntry? Model { get; init; }

    /// <summary>The files of its model just before its process was started; empty while they are not known.</summary>
    public IReadOnlyList<ModelFile> LoadedFiles { get; init; } = [];

    /// <summary>Compares the counts of the daemon with its counters; null while it has no process.</summary>
    public RunnerTally? Tally { get; init; }

    /// <summary>Whether its requests make progress; null while it has no process.</summary>
    public RunnerProgress? Progress { get; init; }

    /// <summary>Whose requests run on it; null: it has none.</summary>
    public RunnerUsers? Users { get; init; }

    /// <summary>What its process really uses; null while it is not ready, or if it does not tell.</summary>
    public RunnerReceipt? Receipt { get; init; }

    /// <summary>What becomes of its contexts while its model is not loaded; null: they are lost.</summary>
    public SlotReport? Slots { get; init; }

    /// <summary>The arguments of its process; empty while it has none.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    public int InFlight { get; init; }

    public int Queued { get; init; }

    /// <summary>The most requests that run at the same time; null: no limit.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Whether it is preloaded: loaded without a request, and again when there is room.</summary>
    public bool IsResident { get; init; }

    /// <summary>Why it would be started in another way now, so that it is stopped as soon as it is idle; null: it would not.</summary>
    public OutdatedReason? Outdated { get; init; }

    /// <summary>When its last request ended, or when it became ready if it had none; null while loading.</summary>
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>How long it stays loaded when idle; negative: until an unload.</summary>
    public TimeSpan KeepAlive { get; init; }

    /// <summary>The cause of its last failed start or crash; null if there was none.</summary>
    public RunnerFailure? Failure { get; init; }
}

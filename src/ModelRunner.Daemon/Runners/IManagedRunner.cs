using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>One start of a managed runner, from its process to its end. Thread-safe. Members never throw.</summary>
internal interface IManagedRunner
{
    /// <summary>Its endpoint, which works once it listens.</summary>
    RunnerEndpoint Endpoint { get; }

    /// <summary>The ID of its process; null before there is one.</summary>
    int? ProcessId { get; }

    /// <summary>
    /// When its process started, in clock ticks since boot; null before there is one, or if it is unknown. Together with
    /// <see cref="ProcessId"/> it is unique until the next boot.
    /// </summary>
    long? ProcessStartTime { get; }

    /// <summary>
    /// The processor time of its process, and of the children that the process waited for. Final when its process has ended; null before, or
    /// if it is unknown.
    /// </summary>
    TimeSpan? CpuTime { get; }

    /// <summary>The program of its process; null if it failed before one was chosen.</summary>
    EngineProgram? Program { get; }

    /// <summary>The files of its model just before its process was started; empty before, and if its engine alone knows them.</summary>
    IReadOnlyList<ModelFile> LoadedFiles { get; }

    /// <summary>The arguments of its process, for display. They contain no secrets.</summary>
    IReadOnlyList<string> Arguments { get; }

    /// <summary>The end of what its process wrote; null before there is one.</summary>
    LogRing? Output { get; }

    /// <summary>What it really uses. Final when <see cref="Ready"/> has completed; null before, or if it does not tell.</summary>
    RunnerReceipt? Receipt { get; }

    /// <summary>What becomes of its contexts while its model is not loaded; null: they are lost.</summary>
    SlotReport? Slots { get; }

    /// <summary>Completes with null when it is ready, or with the failure if it cannot become ready; its process has ended then.</summary>
    Task<RunnerFailure?> Ready { get; }

    /// <summary>Completes when its process has ended: with null if the stop was requested, else with the failure.</summary>
    Task<RunnerFailure?> Exited { get; }

    /// <summary>
    /// Stops it: saves its contexts if the stop was asked for and the configuration says so, at most for <c>kvCache.timeout</c>, then SIGTERM, the grace
    /// time, and SIGKILL for its whole process group. Running requests must be aborted before, because
    /// llama-server waits for them. Completes when the process has ended, at most two seconds after these times. Later calls return the same
    /// task.
    /// </summary>
    /// <param name="reason">Why it is stopped; the reason of <see cref="Ready"/> if it was not ready yet.</param>
    Task StopAsync(StopReason reason);
}

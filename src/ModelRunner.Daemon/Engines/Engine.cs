using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>
/// A program that serves one model in each of its processes. An engine knows how a process is started and reached, and why it ended.
/// <see cref="RunnerProcess"/> does everything else, in the same way for all engines. Thread-safe.
/// </summary>
internal abstract class Engine
{
    /// <summary>Its name in messages, for instance <c>llama-server</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The lines of its log that explain why it ended, the most precise first.</summary>
    protected abstract IReadOnlyList<KnownLogLine> KnownLines { get; }

    /// <summary>The reason why it cannot be started for this model, in one line for the user; null if it can.</summary>
    public abstract string? FindProblem(ModelEntry model);

    /// <summary>Plans the start of a process. Call it only if <see cref="FindProblem"/> returned null.</summary>
    public abstract RunnerStart Plan(StartOrder order);

    /// <summary>Finds out what a process that has just become ready really uses. Takes at most a moment, and never throws.</summary>
    /// <param name="start">The start of the process.</param>
    /// <param name="lines">The last lines of its output, oldest first.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Null if the engine does not tell.</returns>
    public virtual Task<RunnerReceipt?> InspectAsync(RunnerStart start, IReadOnlyList<string> lines, CancellationToken cancellationToken) =>
        Task.FromResult<RunnerReceipt?>(null);

    /// <summary>Explains why a process ended that the daemon did not stop.</summary>
    /// <param name="start">The start of the process.</param>
    /// <param name="status">Its exit status.</param>
    /// <param name="lines">The last lines of its output, oldest first.</param>
    /// <param name="memoryKill">Whether the kernel killed it because memory was short.</param>
    /// <param name="wasReady">Whether it was ready before.</param>
    public virtual RunnerFailure Explain(
        RunnerStart start, ExitStatus status, IReadOnlyList<string> lines, MemoryKill memoryKill, bool wasReady) =>
        ExitCause.Describe(Name, KnownLines, status, lines, memoryKill);
}

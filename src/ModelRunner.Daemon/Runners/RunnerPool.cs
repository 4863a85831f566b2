using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// All runners: the daemon's face of the scheduling loop. Every member is safe to call from any thread, and reading
/// <see cref="Runners"/> never waits for anything.
/// </summary>
internal sealed class RunnerPool : IAsyncDisposable
{
    /// <summary>All runners as they were after the last event, in order of backend, model, mode and identity.</summary>
    public IReadOnlyList<RunnerSnapshot> Runners => throw new NotImplementedException();

    /// <summary>The engine that managed runners are started with: <c>llama-server</c>, <c>llama-host</c>, or null where there is none.</summary>
    public string? Engine => throw new NotImplementedException();

    /// <summary>Waits until a runner serves this model in this mode, starting one where needed.</summary>
    /// <param name="backend">The backend that the route names; null for any.</param>
    /// <param name="model">The model.</param>
    /// <param name="mode">What is asked of it.</param>
    /// <param name="clientLeft">Cancelled when the client went away; throws <see cref="OperationCanceledException"/> then.</param>
    public Task<AcquireOutcome> AcquireAsync(string? backend, ModelEntry model, RunnerMode mode, CancellationToken clientLeft) => throw new NotImplementedException();

    /// <summary>Stops runners and returns, when their processes are gone, how many there were.</summary>
    public Task<int> UnloadAsync(UnloadSelection selection, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Refuses new requests, lets admitted ones end for the drain time, then stops every runner. Returns when no process is left.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

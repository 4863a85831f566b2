using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>One request from its arrival until it is admitted or refused.</summary>
internal sealed class PendingRequest(RequestId id, ModelEntry model)
{
    private readonly TaskCompletionSource<AcquireOutcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RequestId Id { get; } = id;

    public ModelEntry Model { get; } = model;

    public Task<AcquireOutcome> Answer => _answer.Task;

    /// <summary>False where the client left before; whoever admits it must end the request then.</summary>
    public bool TryAdmit(RunnerLease lease) => _answer.TrySetResult(new AcquireOutcome(lease, Refusal: null));

    public void Refuse(Refuse refusal) => _answer.TrySetResult(new AcquireOutcome(Lease: null, refusal));

    public void Cancel(CancellationToken clientLeft) => _answer.TrySetCanceled(clientLeft);
}

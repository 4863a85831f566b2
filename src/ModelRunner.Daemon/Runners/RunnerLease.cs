using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The permission to send one request to one runner. Dispose it when the request has ended, with any outcome: the runner counts as busy until
/// then.
/// </summary>
internal sealed class RunnerLease(RunnerId runner, RunnerEndpoint endpoint, Action<RequestResult> release) : IDisposable
{
    public RunnerId Runner => runner;

    public RunnerEndpoint Endpoint => endpoint;

    /// <summary>Whether the runner is attached, so that the daemon does not see its process end.</summary>
    public bool IsAttached { get; init; }

    /// <summary>The model reference that clients use.</summary>
    public string Model { get; init; } = "";

    /// <summary>Cancelled when the runner is being stopped or its process has ended: the forwarded request must be aborted.</summary>
    public CancellationToken RunnerGone { get; init; }

    /// <summary>The result for the runner. The holder sets it before <see cref="Dispose"/>.</summary>
    public RequestResult Result { get; set; } = RequestResult.NotSent;

    public void Dispose() => release(Result);
}

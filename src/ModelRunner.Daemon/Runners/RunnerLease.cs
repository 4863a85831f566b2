using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The right to send one request to one runner. Dispose it when the request ended, whatever its outcome: the runner counts as busy until then.
/// </summary>
internal sealed class RunnerLease(RunnerId runner, RunnerEndpoint endpoint, Action release) : IDisposable
{
    public RunnerId Runner => runner;

    public RunnerEndpoint Endpoint => endpoint;

    /// <summary>Cancelled when the runner is being stopped or its process ended: the proxied request must be cut then.</summary>
    public CancellationToken RunnerGone { get; init; }

    public void Dispose() => release();
}

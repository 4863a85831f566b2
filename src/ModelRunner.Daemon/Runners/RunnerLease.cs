using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The right to send one request to one runner. Dispose it when the request ended, whatever its outcome: the runner counts as busy until then.
/// </summary>
internal sealed class RunnerLease(RunnerId runner, RunnerEndpoint endpoint, Action<RequestResult> release) : IDisposable
{
    public RunnerId Runner => runner;

    public RunnerEndpoint Endpoint => endpoint;

    /// <summary>Whether the runner runs without us, so that nobody sees its end.</summary>
    public bool IsAttached { get; init; }

    /// <summary>The model's name as clients know it.</summary>
    public string Model { get; init; } = "";

    /// <summary>Cancelled when the runner is being stopped or its process ended: the proxied request must be cut then.</summary>
    public CancellationToken RunnerGone { get; init; }

    /// <summary>What the request said about the runner; whoever used the lease sets it before the end.</summary>
    public RequestResult Result { get; set; } = RequestResult.Abandoned;

    public void Dispose() => release(Result);
}

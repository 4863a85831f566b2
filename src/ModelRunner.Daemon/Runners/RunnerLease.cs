using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The permission to send one request to one runner. Dispose it when the request has ended, with any outcome: the runner counts as busy until
/// then.
/// </summary>
/// <param name="runner">The start.</param>
/// <param name="endpoint">Its address.</param>
/// <param name="release">Gets the result of the request.</param>
/// <param name="failure">Returns why the runner ended; null: the daemon does not know.</param>
/// <param name="stopRequest">Returns why the runner is stopped on request; null: it is not.</param>
internal sealed class RunnerLease(
    RunnerId runner, RunnerEndpoint endpoint, Action<RequestResult> release, Func<RunnerFailure?>? failure = null,
    Func<StopReason?>? stopRequest = null) : IDisposable
{
    public RunnerId Runner => runner;

    public RunnerEndpoint Endpoint => endpoint;

    /// <summary>Whether the runner is attached, so that the daemon does not see its process end.</summary>
    public bool IsAttached { get; init; }

    /// <summary>Gets the tokens of the request; null: they are not compared.</summary>
    public RunnerTally? Tally { get; init; }

    /// <summary>Is told which tokens came from a cache; null: nobody asks.</summary>
    public SlotReport? Slots { get; init; }

    /// <summary>Is told what the runner sends; null: nobody watches it.</summary>
    public RequestTurn? Progress { get; init; }

    /// <summary>When the load of the runner began, as a timestamp; null: the daemon did not load it.</summary>
    public long? LoadStartedAt { get; init; }

    /// <summary>When the load of the runner ended, as a timestamp; null: it is not known.</summary>
    public long? LoadEndedAt { get; init; }

    /// <summary>The context of one request in effect, in tokens; null: unknown.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>The model reference that clients use.</summary>
    public string Model { get; init; } = "";

    /// <summary>How it was loaded; null for an attached runner.</summary>
    public RunnerLoad? Load { get; init; }

    /// <summary>Cancelled when the runner is being stopped or its process has ended: the forwarded request must be aborted.</summary>
    public CancellationToken RunnerGone { get; init; }

    /// <summary>
    /// The failure because of which the runner ended or is stopped; null if there is none. It is known once <see cref="RunnerGone"/> is cancelled.
    /// </summary>
    public RunnerFailure? Failure => failure?.Invoke();

    /// <summary>Why the runner ended or is stopped, for whatever cause; null if that is not known. Known once <see cref="RunnerGone"/> is cancelled.</summary>
    public StopReason? EndReason => Failure?.Reason ?? stopRequest?.Invoke();

    /// <summary>The result for the runner. The holder sets it before <see cref="Dispose"/>.</summary>
    public RequestResult Result { get; set; } = RequestResult.NotSent;

    public void Dispose() => release(Result);
}

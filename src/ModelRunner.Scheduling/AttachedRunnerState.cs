namespace ModelRunner.Scheduling;

/// <summary>The state of an attached runner. It always counts as ready; after a failure it is avoided for a while.</summary>
internal sealed class AttachedRunnerState(AttachedRunner runner)
{
    public RunnerId Id { get; } = runner.Id;

    public RunnerKey Key { get; } = runner.Key;

    public int InFlight { get; set; }

    public TimeSpan? LastUsed { get; set; }

    /// <summary>The number of failures in a row; 0 if it served the last request.</summary>
    public int Failures { get; set; }

    /// <summary>The number of requests in a row that ended with <see cref="RequestResult.ServerError"/>.</summary>
    public int ServerErrors { get; set; }

    /// <summary>When it last responded to a request; null: never.</summary>
    public TimeSpan? RespondedAt { get; set; }

    /// <summary>When it last failed.</summary>
    public TimeSpan FailedAt { get; set; }

    /// <summary>Until this time requests go to another runner of the key, if there is one.</summary>
    public TimeSpan AvoidUntil { get; set; }

    /// <summary>
    /// Whether a trial request is running, which finds out whether the runner works again. Other requests go elsewhere meanwhile.
    /// </summary>
    public bool IsOnTrial { get; set; }

    /// <summary>Whether requests should be sent to another runner of the key.</summary>
    public bool IsAvoided(TimeSpan now) => Failures > 0 && (IsOnTrial || now < AvoidUntil);

    /// <summary>Whether it has requests and has never responded to one. It may accept connections and hang.</summary>
    public bool IsUnproven => InFlight > 0 && RespondedAt is null;

    public RunnerStatus ToStatus() =>
        new(Id, Key, RunnerState.Ready, IsAttached: true, InFlight, Queued: 0, LastUsed, Timeout.InfiniteTimeSpan, Failure: null);
}

namespace ModelRunner.Daemon.Ledger;

/// <summary>Sums over requests.</summary>
/// <param name="Backend">The backend; null if the rows are not of models, empty for requests whose model is not known.</param>
/// <param name="Name">The model, the mode, the name of the key, or the day or hour in UTC. Empty for requests whose model is not known.</param>
/// <param name="Requests">Requests that have ended.</param>
/// <param name="Completed">Those whose response was complete when its last part was sent to the client.</param>
/// <param name="Prompt">Computed tokens of prompts.</param>
/// <param name="Cached">Cached tokens of prompts.</param>
/// <param name="Generated">Generated tokens.</param>
/// <param name="Unconfirmed">Tokens of lost requests.</param>
/// <param name="Duration">The sum of the durations.</param>
internal sealed record UsageRow(
    string? Backend, string Name, long Requests, long Completed, long Prompt, long Cached, long Generated, long Unconfirmed, TimeSpan Duration)
{
    /// <summary>The sum of two rows of the same name.</summary>
    public UsageRow Add(UsageRow other) => new(
        Backend, Name, Requests + other.Requests, Completed + other.Completed, Prompt + other.Prompt, Cached + other.Cached,
        Generated + other.Generated, Unconfirmed + other.Unconfirmed, Duration + other.Duration);
}

using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// Sums over the requests of one account that ended in the same hour. As in <see cref="ModelAccount"/>, requests whose model is not known have no
/// duration. Not thread-safe.
/// </summary>
internal sealed class HourSums
{
    public long Requests { get; private set; }

    public long Completed { get; private set; }

    public long Prompt { get; private set; }

    public long Cached { get; private set; }

    public long Generated { get; private set; }

    /// <summary>The tokens that count for quotas.</summary>
    public long Tokens => Prompt + Cached + Generated;

    /// <summary>Tokens of lost requests.</summary>
    public long Unconfirmed { get; private set; }

    /// <summary>The sum of the durations in units of 100 ns.</summary>
    public long Duration { get; private set; }

    public void Add(HourSums other)
    {
        Requests += other.Requests;
        Completed += other.Completed;
        Prompt += other.Prompt;
        Cached += other.Cached;
        Generated += other.Generated;
        Unconfirmed += other.Unconfirmed;
        Duration += other.Duration;
    }

    public void Add(EndedRequest request)
    {
        Requests++;
        if (request.Outcome == RequestOutcome.Completed)
            Completed++;
        if (request.Outcome == RequestOutcome.Lost)
        {
            Unconfirmed += request.Figures.PromptTokens + request.Figures.CachedTokens + request.Figures.GeneratedTokens;
            return;
        }

        if (request.Key is not null)
            Duration += request.Duration.Ticks;
        if (!request.HasResponse)
            return;
        Prompt += request.Figures.PromptTokens;
        Cached += request.Figures.CachedTokens;
        Generated += request.Figures.GeneratedTokens;
    }
}

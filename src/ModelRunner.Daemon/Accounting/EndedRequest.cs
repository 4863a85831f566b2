using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>What is counted of a request that has ended. Thread-safe.</summary>
/// <param name="account">The account that it is added to.</param>
/// <param name="use">Gets its tokens for the quota of its key; null: nothing does.</param>
internal sealed class EndedRequest(ModelAccount account, KeyUse? use = null)
{
    private readonly TaskCompletionSource _counted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isCounted;

    /// <summary>A number that no other request of this process has.</summary>
    public required long Id { get; init; }

    /// <summary>Backend, model and mode; null: the model is not known.</summary>
    public RunnerKey? Key { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public required RequestOutcome Outcome { get; init; }

    public required StatusClass Status { get; init; }

    /// <summary>The name of the key with which it was sent.</summary>
    public string KeyName { get; init; } = Configuration.KeyName.None;

    /// <summary>Whether a runner sent a successful response, complete or not.</summary>
    public bool HasResponse { get; init; }

    /// <summary>Whether its tokens are in the totals. Those of lost requests are counted apart.</summary>
    public bool HasTokens => Key is not null && HasResponse && Outcome != RequestOutcome.Lost;

    /// <summary>What the response told of its cost.</summary>
    public ResponseFigures Figures { get; init; }

    public TimeSpan Duration { get; init; }

    /// <summary>The time until a runner took it; null: none did.</summary>
    public TimeSpan? QueueWait { get; init; }

    /// <summary>The part of <see cref="QueueWait"/> during which the runner that took it was loading; null: it is not known.</summary>
    public TimeSpan? LoadWait { get; init; }

    /// <summary>Why it was refused, a code of <see cref="RefusalCodes"/>; null: it was not.</summary>
    public string? Refusal { get; init; }

    /// <summary>The time from its arrival to the first event with content; null: there was none.</summary>
    public TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>The average time of a token after the first one; null: it is not known.</summary>
    public TimeSpan? TimePerOutputToken { get; init; }

    /// <summary>What it asked for, in OpenTelemetry's words; null: unknown.</summary>
    public string? Operation { get; init; }

    /// <summary>The id of its trace if that is sampled; null otherwise.</summary>
    public string? TraceId { get; init; }

    /// <summary>Completes when the request was added to its account.</summary>
    public Task Counted => _counted.Task;

    /// <summary>Adds the request to its account, at the first call only.</summary>
    public void Count()
    {
        if (Interlocked.Exchange(ref _isCounted, 1) != 0)
            return;
        account.Add(this);
        if (HasTokens)
        {
            foreach ((TokenType type, long count) in ModelAccount.TokensOf(Figures))
                account.Keys.Add(KeyName, type, count, EndedAt.ToUnixTimeMilliseconds());
            use?.Add(KeyName, EndedAt, KeyUse.TokensOf(Figures));
        }

        RequestInstruments.Count(this);
        _counted.SetResult();
    }
}

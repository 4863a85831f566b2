using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The totals of all requests with the same backend, model and mode, over all starts of its runners. Safe to use from any thread, without a
/// lock; a reader may see a part of a request that is just being added.
/// </summary>
/// <param name="key">Backend, model and mode; null: requests whose model is not known, or the sum of several accounts.</param>
internal sealed class ModelAccount(RunnerKey? key)
{
    private static readonly int Outcomes = Enum.GetValues<RequestOutcome>().Length;
    private static readonly int StatusClasses = Enum.GetValues<StatusClass>().Length;

    private readonly long[] _requests = new long[Outcomes * StatusClasses];
    private readonly long[] _tokens = new long[Enum.GetValues<TokenType>().Length];
    private readonly long[] _sources = new long[Enum.GetValues<FigureSource>().Length];
    private int _inFlight;

    public RunnerKey? Key => key;

    /// <summary>Requests that have not ended.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>When it was used last, as a sequence number. Only <see cref="RequestAccounts"/> uses it.</summary>
    public long LastUse { get; set; }

    /// <summary>From arrival to end.</summary>
    public DurationHistogram Duration { get; } = new(HistogramBounds.Request);

    /// <summary>From arrival to the first event of a stream with content.</summary>
    public DurationHistogram FirstToken { get; } = new(HistogramBounds.FirstToken);

    /// <summary>Between two tokens of a stream, on average of a request.</summary>
    public DurationHistogram OutputToken { get; } = new(HistogramBounds.OutputToken);

    /// <summary>From the request for a runner until there was one.</summary>
    public DurationHistogram QueueWait { get; } = new(HistogramBounds.Request);

    public long Requests(RequestOutcome outcome, StatusClass status) => Interlocked.Read(ref _requests[IndexOf(outcome, status)]);

    public long Tokens(TokenType type) => Interlocked.Read(ref _tokens[(int)type]);

    public long Sources(FigureSource source) => Interlocked.Read(ref _sources[(int)source]);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    public void Count(RequestOutcome outcome, StatusClass status) => Interlocked.Increment(ref _requests[IndexOf(outcome, status)]);

    /// <summary>Adds what a response told of its cost.</summary>
    public void Add(in ResponseFigures figures)
    {
        Interlocked.Increment(ref _sources[(int)figures.Source]);
        Add(TokenType.Prompt, figures.PromptTokens);
        Add(TokenType.Cached, figures.CachedTokens);
        Add(TokenType.Generated, figures.GeneratedTokens);
        Add(TokenType.Draft, figures.DraftTokens);
        Add(TokenType.DraftAccepted, figures.AcceptedDraftTokens);
    }

    /// <summary>Adds the totals of another account.</summary>
    public void Add(ModelAccount other)
    {
        Add(_requests, other._requests);
        Add(_tokens, other._tokens);
        Add(_sources, other._sources);
        Interlocked.Add(ref _inFlight, other.InFlight);
        Duration.Add(other.Duration);
        FirstToken.Add(other.FirstToken);
        OutputToken.Add(other.OutputToken);
        QueueWait.Add(other.QueueWait);
    }

    private static int IndexOf(RequestOutcome outcome, StatusClass status) => ((int)outcome * StatusClasses) + (int)status;

    private static void Add(long[] totals, long[] others)
    {
        for (int i = 0; i < totals.Length; i++)
            Interlocked.Add(ref totals[i], Interlocked.Read(ref others[i]));
    }

    private void Add(TokenType type, long count) => Interlocked.Add(ref _tokens[(int)type], count);
}

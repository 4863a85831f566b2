using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The totals of all requests with the same backend, model and mode, over all starts of its runners. Safe to use from any thread, without a
/// lock; a reader may see a part of a request that is just being added.
/// </summary>
/// <param name="key">Backend, model and mode; null: requests whose model is not known, or the sum of several accounts.</param>
internal sealed class ModelAccount(RunnerKey? key) : IAccount<ModelAccount>
{
    private static readonly int Outcomes = Enum.GetValues<RequestOutcome>().Length;
    private static readonly int StatusClasses = Enum.GetValues<StatusClass>().Length;

    private readonly long[] _requests = new long[Outcomes * StatusClasses];
    private readonly long[] _tokens = new long[Enum.GetValues<TokenType>().Length];
    private readonly long[] _unconfirmed = new long[Enum.GetValues<TokenType>().Length];
    private readonly long[] _sources = new long[Enum.GetValues<FigureSource>().Length];
    private long _truncated;
    private int _inFlight;

    public RunnerKey? Key => key;

    /// <summary>Requests that have not ended.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <inheritdoc/>
    public long LastUse { get; set; }

    /// <inheritdoc/>
    public bool IsInUse => InFlight > 0;

    public static ModelAccount Create(RunnerKey? key) => new(key);

    /// <summary>A new account with the totals of several ones.</summary>
    public static ModelAccount Sum(IEnumerable<ModelAccount> accounts)
    {
        var sum = new ModelAccount(key: null);
        foreach (ModelAccount account in accounts)
            sum.Add(account);
        return sum;
    }

    /// <summary>From arrival to end.</summary>
    public DurationHistogram Duration { get; } = new(HistogramBounds.Request);

    /// <summary>From arrival to the first event of a stream with content.</summary>
    public DurationHistogram FirstToken { get; } = new(HistogramBounds.FirstToken);

    /// <summary>Between two tokens of a stream, on average of a request.</summary>
    public DurationHistogram OutputToken { get; } = new(HistogramBounds.OutputToken);

    /// <summary>From the request for a runner until there was one.</summary>
    public DurationHistogram QueueWait { get; } = new(HistogramBounds.Request);

    /// <summary>The part of <see cref="QueueWait"/> during which the runner was loading, of requests that have such a part.</summary>
    public DurationHistogram LoadWait { get; } = new(HistogramBounds.Load);

    /// <summary>How the counts of tokens differ from those of others, since the start of the daemon.</summary>
    public TokenDrift Drift { get; } = new();

    public long Requests(RequestOutcome outcome, StatusClass status) => Interlocked.Read(ref _requests[IndexOf(outcome, status)]);

    public long Tokens(TokenType type) => Interlocked.Read(ref _tokens[(int)type]);

    /// <summary>Tokens of requests that were lost because the daemon ended first.</summary>
    public long UnconfirmedTokens(TokenType type) => Interlocked.Read(ref _unconfirmed[(int)type]);

    public long Sources(FigureSource source) => Interlocked.Read(ref _sources[(int)source]);

    /// <summary>Responses for which the engine left out a part of the prompt or of the context.</summary>
    public long Truncated => Interlocked.Read(ref _truncated);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Adds a request.</summary>
    public void Add(EndedRequest request)
    {
        Add(request.Outcome, request.Status, 1);
        if (request.Key is null)
            return;
        if (request.Outcome == RequestOutcome.Lost)
        {
            foreach ((TokenType type, long count) in TokensOf(request.Figures))
                AddUnconfirmed(type, count);
            return;
        }

        if (request.HasResponse)
        {
            Add(request.Figures.Source, 1);
            foreach ((TokenType type, long count) in TokensOf(request.Figures))
                Add(type, count);
            AddTruncated(request.Figures.IsTruncated ? 1 : 0);
            if (request.Figures.UsageDrift is { } drift)
                Drift.Add(DriftSource.Usage, drift.Prompt, drift.Generated);
        }

        Duration.Add(request.Duration, request.TraceId, request.EndedAt);
        if (request.QueueWait is { } wait)
            QueueWait.Add(wait);
        if (request.LoadWait is { } load && load > TimeSpan.Zero)
            LoadWait.Add(load);
        if (request.TimeToFirstToken is { } first)
            FirstToken.Add(first, request.TraceId, request.EndedAt);
        if (request.TimePerOutputToken is { } token)
            OutputToken.Add(token);
    }

    public void Add(RequestOutcome outcome, StatusClass status, long count) => Interlocked.Add(ref _requests[IndexOf(outcome, status)], count);

    public void Add(TokenType type, long count) => Interlocked.Add(ref _tokens[(int)type], count);

    public void AddTruncated(long count) => Interlocked.Add(ref _truncated, count);

    public void AddUnconfirmed(TokenType type, long count) => Interlocked.Add(ref _unconfirmed[(int)type], count);

    public void Add(FigureSource source, long count) => Interlocked.Add(ref _sources[(int)source], count);

    /// <inheritdoc/>
    public void Add(ModelAccount other)
    {
        Add(_requests, other._requests);
        Add(_tokens, other._tokens);
        Add(_unconfirmed, other._unconfirmed);
        Add(_sources, other._sources);
        Interlocked.Add(ref _inFlight, other.InFlight);
        Duration.Add(other.Duration);
        FirstToken.Add(other.FirstToken);
        OutputToken.Add(other.OutputToken);
        QueueWait.Add(other.QueueWait);
        LoadWait.Add(other.LoadWait);
        Drift.Add(other.Drift);
        AddTruncated(other.Truncated);
    }

    private static int IndexOf(RequestOutcome outcome, StatusClass status) => ((int)outcome * StatusClasses) + (int)status;

    private static void Add(long[] totals, long[] others)
    {
        for (int i = 0; i < totals.Length; i++)
            Interlocked.Add(ref totals[i], Interlocked.Read(ref others[i]));
    }

    /// <summary>The tokens of a request by type.</summary>
    internal static ReadOnlySpan<(TokenType Type, long Count)> TokensOf(in ResponseFigures figures) => new (TokenType, long)[]
    {
        (TokenType.Prompt, figures.PromptTokens),
        (TokenType.Cached, figures.CachedTokens),
        (TokenType.Generated, figures.GeneratedTokens),
        (TokenType.Draft, figures.DraftTokens),
        (TokenType.DraftAccepted, figures.AcceptedDraftTokens),
    };
}

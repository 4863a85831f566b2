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

    private readonly CounterSet _requests = new(Outcomes * StatusClasses);
    private readonly CounterSet _tokens = new(Enum.GetValues<TokenType>().Length);
    private readonly CounterSet _unconfirmed = new(Enum.GetValues<TokenType>().Length);
    private readonly CounterSet _sources = new(Enum.GetValues<FigureSource>().Length);
    private readonly CounterSet _truncated = new(1);
    private readonly CounterSet _refused = new(RefusalCodes.All.Count);
    private int _inFlight;
    private int _queued;

    public RunnerKey? Key => key;

    /// <summary>Requests that have not ended.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Those of them that wait for a runner.</summary>
    public int Queued => Volatile.Read(ref _queued);

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

    /// <summary>The tokens by key. <see cref="EndedRequest.Count"/> adds to them; sums that are only stored have none.</summary>
    public KeyTokens Keys { get; } = new();

    /// <summary>How the counts of tokens differ from those of others, since the start of the daemon.</summary>
    public TokenDrift Drift { get; } = new();

    public long Requests(RequestOutcome outcome, StatusClass status) => _requests[IndexOf(outcome, status)];

    /// <summary>When <see cref="Requests"/> began, as <see cref="CounterSet.BeganAt"/>.</summary>
    public long RequestsBeganAt(RequestOutcome outcome, StatusClass status) => _requests.BeganAt(IndexOf(outcome, status));

    public long Tokens(TokenType type) => _tokens[(int)type];

    /// <summary>When <see cref="Tokens"/> began.</summary>
    public long TokensBeganAt(TokenType type) => _tokens.BeganAt((int)type);

    /// <summary>Tokens of requests that were lost because the daemon ended first.</summary>
    public long UnconfirmedTokens(TokenType type) => _unconfirmed[(int)type];

    /// <summary>When <see cref="UnconfirmedTokens"/> began.</summary>
    public long UnconfirmedTokensBeganAt(TokenType type) => _unconfirmed.BeganAt((int)type);

    public long Sources(FigureSource source) => _sources[(int)source];

    /// <summary>When <see cref="Sources"/> began.</summary>
    public long SourcesBeganAt(FigureSource source) => _sources.BeganAt((int)source);

    /// <summary>Responses for which the engine left out a part of the prompt or of the context.</summary>
    public long Truncated => _truncated[0];

    /// <summary>When <see cref="Truncated"/> began.</summary>
    public long TruncatedBeganAt => _truncated.BeganAt(0);

    /// <summary>Refused requests, by the number of their code in <see cref="RefusalCodes.All"/>.</summary>
    public long Refused(int code) => _refused[code];

    /// <summary>When <see cref="Refused"/> began.</summary>
    public long RefusedBeganAt(int code) => _refused.BeganAt(code);

    /// <summary>A request waits for a runner.</summary>
    public void BeginWait() => Interlocked.Increment(ref _queued);

    /// <summary>It does not wait any more.</summary>
    public void EndWait() => Interlocked.Decrement(ref _queued);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Adds a request.</summary>
    public void Add(EndedRequest request)
    {
        long at = request.EndedAt.ToUnixTimeMilliseconds();
        Add(request.Outcome, request.Status, 1, at);
        if (request.Refusal is { } code)
            AddRefused(RefusalCodes.IndexOf(code), 1, at);
        if (request.Key is null)
            return;
        if (request.Outcome == RequestOutcome.Lost)
        {
            foreach ((TokenType type, long count) in TokensOf(request.Figures))
                AddUnconfirmed(type, count, at);
            return;
        }

        if (request.HasTokens)
        {
            Add(request.Figures.Source, 1, at);
            foreach ((TokenType type, long count) in TokensOf(request.Figures))
                Add(type, count, at);
            AddTruncated(request.Figures.IsTruncated ? 1 : 0, at);
            if (request.Figures.UsageDrift is { } drift)
                Drift.Add(DriftSource.Usage, drift.Prompt, drift.Generated);
        }

        Duration.Add(request.Duration, request.TraceId, request.EndedAt);
        if (request.QueueWait is { } wait)
            QueueWait.Add(wait, endedAt: request.EndedAt);
        if (request.LoadWait is { } load && load > TimeSpan.Zero)
            LoadWait.Add(load, endedAt: request.EndedAt);
        if (request.TimeToFirstToken is { } first)
            FirstToken.Add(first, request.TraceId, request.EndedAt);
        if (request.TimePerOutputToken is { } token)
            OutputToken.Add(token, endedAt: request.EndedAt);
    }

    public void Add(RequestOutcome outcome, StatusClass status, long count, long beganAt) => _requests.Add(IndexOf(outcome, status), count, beganAt);

    public void Add(TokenType type, long count, long beganAt) => _tokens.Add((int)type, count, beganAt);

    public void AddRefused(int code, long count, long beganAt) => _refused.Add(code, count, beganAt);

    public void AddTruncated(long count, long beganAt) => _truncated.Add(0, count, beganAt);

    public void AddUnconfirmed(TokenType type, long count, long beganAt) => _unconfirmed.Add((int)type, count, beganAt);

    public void Add(FigureSource source, long count, long beganAt) => _sources.Add((int)source, count, beganAt);

    /// <inheritdoc/>
    public void Add(ModelAccount other)
    {
        _requests.Add(other._requests);
        _tokens.Add(other._tokens);
        _unconfirmed.Add(other._unconfirmed);
        _sources.Add(other._sources);
        _truncated.Add(other._truncated);
        _refused.Add(other._refused);
        Interlocked.Add(ref _inFlight, other.InFlight);
        Interlocked.Add(ref _queued, other.Queued);
        Duration.Add(other.Duration);
        FirstToken.Add(other.FirstToken);
        OutputToken.Add(other.OutputToken);
        QueueWait.Add(other.QueueWait);
        LoadWait.Add(other.LoadWait);
        Keys.Add(other.Keys);
        Drift.Add(other.Drift);
    }

    private static int IndexOf(RequestOutcome outcome, StatusClass status) => ((int)outcome * StatusClasses) + (int)status;

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

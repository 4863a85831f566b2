using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// One inference request from its arrival to its end. It keeps no text of prompts or responses. Not thread-safe, except <see cref="Progress"/>.
/// </summary>
/// <param name="id">A number that no other request of this process has.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestRecord(long id, TimeProvider time)
{
    // How often the progress is published at most. A stream may stop at any time, so what is known must not be much older than its last event.
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(50);

    private const int FirstErrorStatus = 400;

    private readonly long _arrivedAt = time.GetTimestamp();
    private readonly DateTimeOffset _arrivalTime = time.GetUtcNow();
    private long _progressAt;
    private bool _isProgressOld;
    private volatile RequestProgress? _progress;
    private bool _isEnded;
    private bool _isWaiting;
    private bool _isStatusSent;
    private bool _hasErrorStatus;
    private long? _waitedFrom;
    private long? _admittedAt;
    private long? _firstTokenAt;
    private ResponseReader? _reader;
    private IDisposable? _held;

    /// <summary>Whether it counts. A request that only loads a model does not.</summary>
    public bool IsCounted { get; set; } = true;

    /// <summary>The name of the key with which it was sent.</summary>
    public string KeyName { get; init; } = Configuration.KeyName.None;

    /// <summary>What it asks for, in OpenTelemetry's words; null: unknown.</summary>
    public string? Operation { get; set; }

    /// <summary>The id of its trace if that is sampled; null otherwise.</summary>
    public string? TraceId { get; set; }

    /// <summary>How it ended; null: not known yet.</summary>
    public RequestOutcome? Outcome { get; set; }

    /// <summary>Why it was refused, a code of <see cref="RefusalCodes"/>; null: it was not.</summary>
    public string? Refusal { get; set; }

    /// <summary>The class of the status that the client got.</summary>
    public StatusClass Status { get; set; }

    /// <summary>The status that the client got; null: none yet.</summary>
    public int? StatusCode { get; private set; }

    /// <summary>When its parts began.</summary>
    public RequestTimes Times =>
        new(_arrivalTime, TimeOf(_waitedFrom), TimeOf(_admittedAt), TimeOf(_firstTokenAt), TimeAt(time.GetTimestamp()));

    /// <summary>The account of its model; null: the model is not known.</summary>
    public ModelAccount? Account { get; private set; }

    /// <summary>Backend, model and mode; null: the model is not known.</summary>
    public RunnerKey? Key { get; private set; }

    /// <summary>
    /// What is known of it so far. While parts of the response arrive, at most 50 ms old; null: its model is not known, or it has ended.
    /// Thread-safe.
    /// </summary>
    public RequestProgress? Progress => _progress;

    /// <summary>Whether a runner sent a successful response, complete or not.</summary>
    public bool HasResponse { get; set; }

    /// <summary>Whether the response of the runner was read to its end.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>What the response told of its cost so far.</summary>
    public ResponseFigures Figures
    {
        get
        {
            ResponseFigures figures = _reader?.Figures ?? new ResponseFigures { Source = FigureSource.None };

            // OpenAI's formats have no member for it. llama-server itself decides by the same comparison.
            return figures.ContextTokens >= ContextLimit ? figures with { IsTruncated = true } : figures;
        }
    }

    /// <summary>The most tokens that the context of the request has, as the runner reported it; null: unknown.</summary>
    public int? ContextLimit { get; set; }

    /// <summary>Whether the engine reported an error in the response.</summary>
    public bool HasError => _reader is { HasError: true };

    /// <summary>The outcome if the response is complete. A stream that began successfully can still report an error.</summary>
    public RequestOutcome OutcomeOfWhole =>
        (HasError || _hasErrorStatus) && Status == StatusClass.Successful ? RequestOutcome.Error : RequestOutcome.Completed;

    /// <summary>Whether the last event of a stream was read.</summary>
    public bool HasLastEvent => _reader is { HasLastEvent: true };

    /// <summary>Whether the response is a stream that lacks its end, as far as it was read.</summary>
    public bool IsEndMissing => _reader is { IsEndMissing: true };

    /// <summary>The time until a runner took it; null: none did.</summary>
    public TimeSpan? QueueWait => _waitedFrom is { } from && _admittedAt is { } to ? time.GetElapsedTime(from, to) : null;

    /// <summary>The part of <see cref="QueueWait"/> during which the runner that took it was loading.</summary>
    public TimeSpan LoadWait { get; private set; }

    /// <summary>The time from its arrival to the first event with content; null: there was none.</summary>
    public TimeSpan? TimeToFirstToken => _firstTokenAt is { } first ? time.GetElapsedTime(_arrivedAt, first) : null;

    /// <summary>The time of a timestamp, by the clock of <see cref="Times"/>. It may be before the arrival.</summary>
    public DateTimeOffset TimeAt(long timestamp) => _arrivalTime + time.GetElapsedTime(_arrivedAt, timestamp);

    /// <summary>Its model is known.</summary>
    public void Assign(RunnerKey key, ModelAccount account)
    {
        (Key, Account) = (key, account);
        PublishProgress(key, time.GetTimestamp());
    }

    /// <summary>It asks for a runner.</summary>
    public void BeginWait()
    {
        _waitedFrom = time.GetTimestamp();
        _isWaiting = true;
        Account?.BeginWait();
    }

    /// <summary>A runner takes it. If it is sent to another runner later, the first one counts.</summary>
    /// <param name="loadStartedAt">When the load of that runner began, as a timestamp; null: it was not loaded by the daemon.</param>
    /// <param name="loadEndedAt">When it ended; null: it has not ended.</param>
    public void EndWait(long? loadStartedAt = null, long? loadEndedAt = null)
    {
        LeaveQueue();
        if (_admittedAt is not null)
            return;
        long now = time.GetTimestamp();
        _admittedAt = now;
        if (_waitedFrom is not { } from || loadStartedAt is not { } start)
            return;
        long begin = Math.Max(from, start);
        long end = Math.Min(now, loadEndedAt ?? now);
        if (end > begin)
            LoadWait = time.GetElapsedTime(begin, end);
    }

    /// <summary>
    /// It holds something until its result is known, which is before the client gets the last part of the response. So a client that sends one
    /// request after another holds it once.
    /// </summary>
    public void Hold(IDisposable? held) => _held = held;

    /// <summary>A response of a runner begins. What an earlier response told is forgotten.</summary>
    public void BeginResponse(ResponseFormat format)
    {
        _reader = new ResponseReader(format);
        IsWhole = false;
        _firstTokenAt = null;
    }

    /// <summary>Reads the next part of the response.</summary>
    public void Read(ReadOnlySpan<byte> part)
    {
        // A server may send more after the last event. The request is counted by then, and must not be open again.
        if (_isEnded)
            return;
        _reader?.Read(part);
        if (_reader is { HasContent: true })
            _firstTokenAt ??= time.GetTimestamp();
        long now = time.GetTimestamp();
        _isProgressOld = true;
        if (Key is { } key && time.GetElapsedTime(_progressAt, now) >= ProgressInterval)
            PublishProgress(key, now);
    }

    /// <summary>The runner has sent nothing more so far. Perhaps it sends nothing for a long time, so what was read is published now.</summary>
    public void Pause()
    {
        if (_isProgressOld && !_isEnded && Key is { } key)
            PublishProgress(key, time.GetTimestamp());
    }

    /// <summary>The response ends as the runner meant it to.</summary>
    public void EndResponse()
    {
        _reader?.Complete();
        IsWhole = true;
    }

    /// <summary>What is counted of it.</summary>
    /// <param name="unknown">The account of requests whose model is not known.</param>
    /// <param name="use">Gets its tokens for the quota of its key.</param>
    /// <returns>Null if it is not counted or this method was called before.</returns>
    public EndedRequest? End(ModelAccount unknown, KeyUse use)
    {
        _held?.Dispose();
        if (_isEnded || !IsCounted)
            return null;
        _isEnded = true;
        _progress = null;
        LeaveQueue();
        RequestOutcome outcome = Outcome ?? RequestOutcome.Error;
        ResponseFigures figures = Figures;
        TimeSpan elapsed = time.GetElapsedTime(_arrivedAt);
        TimeSpan? first = TimeToFirstToken;
        return new EndedRequest(Account ?? unknown, use)
        {
            Id = id,
            Key = Key,
            KeyName = KeyName,
            Operation = Operation,
            TraceId = TraceId,
            EndedAt = time.GetUtcNow(),
            Outcome = outcome,
            Status = Status,
            HasResponse = HasResponse,
            Figures = figures,
            Duration = elapsed,
            QueueWait = QueueWait,
            LoadWait = QueueWait is null ? null : LoadWait,
            Refusal = outcome == RequestOutcome.Refused ? Refusal ?? RefusalCodes.Other : null,
            TimeToFirstToken = first,
            TimePerOutputToken = first is { } && outcome == RequestOutcome.Completed && figures.GeneratedTokens > 1
                ? (elapsed - first) / (figures.GeneratedTokens - 1)
                : null,
        };
    }

    /// <summary>Sets the status and its class. If a status was sent already, it stays, and an error makes the outcome an error.</summary>
    public void SetStatus(int status)
    {
        if (_isStatusSent)
        {
            _hasErrorStatus |= status >= FirstErrorStatus;
            return;
        }

        (StatusCode, Status) = (status, (status / 100) switch
        {
            2 => StatusClass.Successful,
            3 => StatusClass.Redirection,
            4 => StatusClass.ClientError,
            _ => StatusClass.ServerError,
        });
    }

    /// <summary>The client gets this status now, before there is a response.</summary>
    public void FixStatus(int status)
    {
        SetStatus(status);
        _isStatusSent = true;
    }

    private void LeaveQueue()
    {
        if (_isWaiting)
            Account?.EndWait();
        _isWaiting = false;
    }

    private DateTimeOffset? TimeOf(long? timestamp) =>
        timestamp is { } at ? TimeAt(at) : null;

    private void PublishProgress(RunnerKey key, long now)
    {
        (_progress, _progressAt) = (new RequestProgress(id, key, KeyName, _arrivalTime, Figures), now);
        _isProgressOld = false;
    }
}

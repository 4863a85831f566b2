using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>
/// One random life of keys with limits: clients pass the real <see cref="KeyLimits"/>, then the real scheduler, in a world in which runners load, answer,
/// crash and end, memory changes, and settings are read again. It begins a minute before the end of a day, in half of the worlds also of
/// a month. The invariants of the scheduler, the limits and the sums are checked after each event.
/// </summary>
internal sealed class QuotaWorld
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(2);
    private static readonly string[] Names = ["ada", "bob", "cleo", "dan"];

    private readonly QuotaDice _dice;
    private readonly DateTimeOffset _origin;
    private readonly FakeTimeProvider _time;
    private readonly KeyUse _use = new();
    private readonly KeyLimits _limits;
    private readonly QuotaBook _book = new();
    private readonly QuotaRunners _runners;
    private readonly PriorityQueue<Action, (TimeSpan Time, long Order)> _agenda = new();
    private readonly Dictionary<RequestId, QuotaRequest> _requests = [];
    private readonly Dictionary<string, KeySettings> _keys = new(StringComparer.Ordinal);
    private long _lastOrder;
    private long _lastRequest;
    private bool _isClosing;

    private QuotaWorld(ulong seed)
    {
        _dice = new QuotaDice(seed);
        _origin = new DateTimeOffset(2026, 11, _dice.OneIn(2) ? 30 : 12, 23, 59, 0, TimeSpan.Zero);
        _time = new FakeTimeProvider(_origin);
        _limits = new KeyLimits(_use, _time);
        _runners = new QuotaRunners(_dice, this);
    }

    /// <summary>What happened, in order.</summary>
    public List<string> Log { get; } = [];

    public int Answered { get; private set; }

    public int OverConcurrency { get; private set; }

    public int OverQuota { get; private set; }

    public int RefusedByScheduler { get; private set; }

    /// <summary>How many of these because the queue of their model was full.</summary>
    public int RefusedForModel { get; private set; }

    public int Crashes => _runners.Crashes;

    /// <summary>How often the requests in flight exceeded a quota.</summary>
    public int Overshoots { get; private set; }

    /// <summary>The longest wait in relation to its bound.</summary>
    public double LongestWait { get; private set; }

    public TimeSpan Now => _time.GetUtcNow() - _origin;

    /// <summary>Runs one life.</summary>
    /// <exception cref="InvalidOperationException">A rule was broken; the message has the seed and the last events.</exception>
    public static QuotaWorld Run(ulong seed)
    {
        var world = new QuotaWorld(seed);
        try
        {
            world.Run();
            return world;
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"seed {seed}: {failure.Message}\n  {string.Join("\n  ", world.Log.TakeLast(20))}", failure);
        }
    }

    public static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new InvalidOperationException($"broken rule: {rule}");
    }

    public void After(TimeSpan wait, Action action) => _agenda.Enqueue(action, (Now + wait, ++_lastOrder));

    public void Note(FormattableString text) =>
        Log.Add(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds:0.###} s: {FormattableString.Invariant(text)}"));

    /// <summary>The scheduler has found a runner for a request.</summary>
    public void Admit(RequestId id, RunnerId runner)
    {
        QuotaRequest request = _requests[id];
        CheckWait(request);
        request.Runner = runner;
        After(_dice.Seconds(20), () => End(id, request.Tokens, RequestResult.Served));
    }

    /// <summary>The scheduler has refused a request.</summary>
    public void Refuse(RequestId id, RefusalReason reason)
    {
        RefusedByScheduler++;
        RefusedForModel += reason == RefusalReason.ModelQueueFull ? 1 : 0;
        CheckWait(_requests[id]);
        Note($"{id} is refused: {reason}");
        Leave(id);
    }

    /// <summary>The process of a runner has ended, and its requests with it.</summary>
    public void Break(RunnerId runner)
    {
        foreach (RequestId id in _requests.Where(request => request.Value.Runner == runner).Select(static request => request.Key).ToList())
            End(id, _requests[id].Tokens / 2, RequestResult.RunnerFailed);
    }

    private void Run()
    {
        foreach (string name in Names)
            ChangeLimits(name);
        foreach (string name in Names)
        {
            for (int i = 1 + _dice.Below(4); i > 0; i--)
                After(_dice.Seconds(15), () => Ask(name));
        }

        After(_dice.Seconds(40), Reload);
        PassUntil(Length);
        _isClosing = true;
        PassUntil(Length + TimeSpan.FromHours(2));
        Require(_requests.Count == 0, "every request ends");
        foreach (string name in Names)
            _limits.Enter(new Caller(name, new KeySettings(name, KeyDigest.Of(name)) { Concurrency = 1 }))!.Dispose();
    }

    private void PassUntil(TimeSpan end)
    {
        while (true)
        {
            bool isPlanned = _agenda.TryPeek(out Action? action, out (TimeSpan Time, long Order) next);
            bool isDue = _runners.NextDeadline is { } due && due <= end && (!isPlanned || due <= next.Time);
            if (!isDue && (!isPlanned || next.Time > end))
                break;
            TimeSpan time = isDue ? _runners.NextDeadline!.Value : next.Time;
            if (time > Now)
                _time.SetUtcNow(_origin + time);
            if (isDue)
            {
                _runners.Tell(new TimePassed());
            }
            else
            {
                _agenda.Dequeue();
                action!();
            }

            CheckUse();
        }

        _time.SetUtcNow(_origin + end);
    }

    private void Ask(string name)
    {
        if (_isClosing)
            return;
        KeySettings key = _keys[name];
        int inFlight = _requests.Values.Count(request => request.Key == name);
        (string Code, DateTimeOffset? End)? expected = _book.Expect(key, inFlight, _time.GetUtcNow());
        KeyLease lease;
        try
        {
            lease = _limits.Enter(new Caller(name, key))!;
        }
        catch (ApiException refusal)
        {
            CheckRefusal(name, refusal.Error, expected);
            return;
        }

        Require(expected is null, $"{name} is refused with {expected?.Code}");
        var id = new RequestId(++_lastRequest);
        var request = new QuotaRequest(name, _dice.Below(60), _time.GetUtcNow(), lease, () => After(_dice.Seconds(10), () => Ask(name)));
        _requests.Add(id, request);
        _book.Admit(name, request.Arrived, TokensInFlight(name));
        Note($"{id} of {name} is let in");
        _runners.Ask(id, key.Priority);
        if (_dice.OneIn(12))
            After(_dice.Seconds(5), () => Disconnect(id));
    }

    private void CheckRefusal(string name, ApiError error, (string Code, DateTimeOffset? End)? expected)
    {
        DateTimeOffset now = _time.GetUtcNow();
        Require(error.Status == 429 && error.Code == expected?.Code, $"{name} gets {expected?.Code ?? "a lease"} and not {error.Code}");
        Note($"{name} is refused: {error.Code}");
        if (expected?.End is { } end)
        {
            OverQuota++;
            string shown = end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            Require(now + error.RetryAfter == end && error.Message.Contains(shown, StringComparison.Ordinal), $"{name} is told that its quota ends at {shown}");
        }
        else
        {
            OverConcurrency++;
        }

        // It comes back at the time that it was told, or earlier.
        After(_dice.OneIn(3) ? _dice.Seconds(60) : error.RetryAfter!.Value, () => Ask(name));
    }

    private void Disconnect(RequestId id)
    {
        if (!_requests.TryGetValue(id, out QuotaRequest? request))
            return;
        if (request.Runner is not null)
        {
            End(id, request.Tokens / 3, RequestResult.NotSent);
            return;
        }

        Leave(id);
        _runners.Tell(new ClientDisconnected(id));
    }

    private void End(RequestId id, long tokens, RequestResult result)
    {
        if (!_requests.TryGetValue(id, out QuotaRequest? request))
            return;
        KeySettings key = _keys[request.Key];
        _use.Add(request.Key, _time.GetUtcNow(), tokens);
        _book.End(request.Key, _time.GetUtcNow(), tokens);
        Overshoots += _book.OfDay(request.Key, _time.GetUtcNow()) > key.TokensPerDay ? 1 : 0;
        Answered += result == RequestResult.Served ? 1 : 0;
        Note($"{id} of {request.Key} ends with {tokens} tokens");
        Leave(id);
        _runners.Tell(new RequestCompleted(id, result));
    }

    private void Leave(RequestId id)
    {
        _requests.Remove(id, out QuotaRequest? request);
        request!.Lease.Dispose();
        request.Done();
    }

    private void Reload()
    {
        if (_isClosing)
            return;
        ChangeLimits(Names[_dice.Below(Names.Length)]);
        _runners.Reload();
        After(_dice.Seconds(40), Reload);
    }

    private void ChangeLimits(string name) => _keys[name] = new KeySettings(name, KeyDigest.Of(name))
    {
        Concurrency = _dice.OneIn(3) ? null : 1 + _dice.Below(3),
        TokensPerDay = _dice.OneIn(2) ? null : 20 + _dice.Below(250),
        TokensPerMonth = _dice.OneIn(2) ? null : 20 + _dice.Below(500),
        Priority = _dice.OneIn(3) ? RequestPriority.Background : RequestPriority.Interactive,
    };

    private long TokensInFlight(string name) => _requests.Values.Where(request => request.Key == name).Sum(static request => request.Tokens);

    // The real sums are those of the book, and no key is over its quota by more than the tokens that were in flight.
    private void CheckUse()
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (string name in Names)
        {
            Require(_use.Read(name, now) == (_book.OfDay(name, now), _book.OfMonth(name, now)), $"the tokens of {name} are counted once");
            Require(_book.IsWithin(name, now), $"{name} exceeds its quota by no more than the tokens in flight");
        }
    }

    // Whatever other keys do: docs/configuration.md, "How long a request waits".
    private void CheckWait(QuotaRequest request)
    {
        TimeSpan wait = _time.GetUtcNow() - request.Arrived;
        LongestWait = Math.Max(LongestWait, wait / QuotaRunners.WaitBound);
        Require(wait <= QuotaRunners.WaitBound, $"a request of {request.Key} waits {wait} and no longer than {QuotaRunners.WaitBound}");
    }
}

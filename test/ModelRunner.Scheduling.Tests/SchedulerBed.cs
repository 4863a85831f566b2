namespace ModelRunner.Scheduling.Tests;

/// <summary>A scheduler with a fake clock, and the effects of the last event. The invariants are checked after each event.</summary>
internal sealed class SchedulerBed(SchedulerSettings? settings = null)
{
    public static readonly RunnerKey A = Key("a");
    public static readonly RunnerKey B = Key("b");
    public static readonly RunnerKey C = Key("c");

    private readonly Scheduler _scheduler = new(settings ?? new SchedulerSettings());
    private long _lastRequest;
    private long _lastUnload;

    public TimeSpan Now { get; private set; }

    /// <summary>What must be carried out after the last event, without the explanations of it.</summary>
    public IReadOnlyList<SchedulerEffect> Effects { get; private set; } = [];

    /// <summary>The effects of the last event with their explanations.</summary>
    public IReadOnlyList<SchedulerEffect> Explained { get; private set; } = [];

    /// <summary>The ends of runners that were reported, in their order.</summary>
    public List<RunnerEnded> Ends { get; } = [];

    public TimeSpan? NextDeadline => _scheduler.NextDeadline;

    public bool HasResidentProblem(RunnerKey resident) => _scheduler.HasResidentProblem(resident);

    public IReadOnlyList<RunnerStatus> Runners => _scheduler.Snapshot();

    public static RunnerKey Key(string model, RunnerMode mode = RunnerMode.Completion) => new("llama.cpp", model, mode);

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    public IReadOnlyList<SchedulerEffect> Handle(SchedulerEvent happened)
    {
        Explained = [.. _scheduler.Handle(happened, Now)];
        Effects = [.. Explained.Where(static effect => effect is not (DelayStart or ResidentBlocked)).Select(static effect => effect switch
        {
            StartRunner start => start with { Capacity = null },
            StopRunner stop => stop with { For = null },
            _ => effect,
        })];
        _scheduler.CheckInvariants();
        return Effects;
    }

    public RequestId Ask(RunnerKey key, TimeSpan? keepAlive = null, long memory = 0) => Ask(key, new RunnerDemand(memory, keepAlive));

    /// <summary>Asks for a key with a class and a limit of its model.</summary>
    public RequestId Ask(RunnerKey key, RequestPriority priority, int? concurrency = null) =>
        Ask(key, new RunnerDemand(0, null) { Priority = priority, Concurrency = concurrency });

    public RequestId Ask(RunnerKey key, RunnerDemand demand)
    {
        var id = new RequestId(++_lastRequest);
        Handle(new RequestArrived(id, key, demand));
        return id;
    }

    public void Complete(RequestId request) => Handle(new RequestCompleted(request));

    /// <summary>The runner of a request failed it.</summary>
    public void Break(RequestId request) => Handle(new RequestCompleted(request, RequestResult.RunnerFailed));

    /// <summary>Asks for a key that is served at once, and says where.</summary>
    public (RunnerId Runner, RequestId Request) Send(RunnerKey key)
    {
        RequestId request = Ask(key);
        return (Assert.IsType<Admit>(Assert.Single(Effects)).Runner, request);
    }

    public void Ready(RunnerId runner) => Handle(new RunnerReady(runner));

    /// <summary>The process of a runner ended; without a cause its stop was requested.</summary>
    public void Exit(RunnerId runner, string? cause = null, StopReason reason = StopReason.Crashed)
    {
        Handle(new RunnerExited(runner, cause is null ? null : new RunnerFailure(reason, cause)));
        TakeEnd(runner);
    }

    /// <summary>A start failed.</summary>
    public void Fail(RunnerId runner, string cause = "exit code 1", StopReason reason = StopReason.Exited)
    {
        Handle(new RunnerFailed(runner, new RunnerFailure(reason, cause)));
        TakeEnd(runner);
    }

    public UnloadId Unload(params string[] models)
    {
        var id = new UnloadId(++_lastUnload);
        Handle(new UnloadRequested(id, new UnloadSelection(null, models.Length == 0 ? null : models)));
        return id;
    }

    /// <summary>Lets time pass and tells the scheduler at every moment that it asked for.</summary>
    public IReadOnlyList<SchedulerEffect> Pass(TimeSpan time)
    {
        TimeSpan end = Now + time;
        var all = new List<SchedulerEffect>();
        var explained = new List<SchedulerEffect>();
        while (NextDeadline is { } due && due <= end)
        {
            Now = due > Now ? due : Now;
            all.AddRange(Handle(new TimePassed()));
            explained.AddRange(Explained);
            Assert.True(NextDeadline is not { } next || next > Now, $"still due at {NextDeadline} after {Now}");
        }

        Now = end;
        all.AddRange(Handle(new TimePassed()));
        explained.AddRange(Explained);
        (Effects, Explained) = (all, explained);
        return all;
    }

    // The end is in the effects of the event that reports it, and nowhere else.
    private void TakeEnd(RunnerId runner)
    {
        RunnerEnded end = Assert.Single(Effects.OfType<RunnerEnded>());
        Assert.Equal(runner, end.Runner);
        Ends.Add(end);
        Effects = [.. Effects.Where(effect => effect != end)];
    }

    /// <summary>The only start among the last effects.</summary>
    public RunnerId Started() => Assert.Single(Effects.OfType<StartRunner>()).Runner;

    /// <summary>Sends a request for a key and makes the runner ready; the request is admitted.</summary>
    public (RunnerId Runner, RequestId Request) Load(RunnerKey key, TimeSpan? keepAlive = null, long memory = 0)
    {
        RequestId request = Ask(key, keepAlive, memory);
        RunnerId runner = Started();
        Ready(runner);
        Assert.Equal([new Admit(request, runner)], Effects);
        return (runner, request);
    }

    /// <summary>Sends a request for a key and makes the runner ready after a time.</summary>
    public (RunnerId Runner, RequestId Request) LoadFor(RunnerKey key, TimeSpan time)
    {
        RequestId request = Ask(key);
        RunnerId runner = Started();
        Pass(time);
        Ready(runner);
        return (runner, request);
    }

    /// <summary>As <see cref="Load"/>, and the request is over.</summary>
    public RunnerId LoadIdle(RunnerKey key, TimeSpan? keepAlive = null, long memory = 0)
    {
        (RunnerId runner, RequestId request) = Load(key, keepAlive, memory);
        Complete(request);
        return runner;
    }

    public Refuse Refusal() => Assert.Single(Effects.OfType<Refuse>());

    public RunnerStatus Status(RunnerKey key) => Assert.Single(Runners, status => status.Key == key);
}

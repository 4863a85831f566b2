using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>A pool over fake runners and a fake clock. Everything that a test waits for has a limit.</summary>
internal sealed class PoolBed : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));

    /// <summary>A pool whose memory budget is measured.</summary>
    /// <param name="attached">The attached runners.</param>
    /// <param name="readMemory">Returns what is measured, in bytes.</param>
    public PoolBed(AttachedRunnerSettings[] attached, Func<long?> readMemory)
        : this(new RunnerSettings { MemoryBudgetBytes = null }, attached, readMemory)
    {
    }

    public PoolBed(RunnerSettings? runners = null, params AttachedRunnerSettings[] attached)
        : this((runners ?? new RunnerSettings()) with { MemoryBudgetBytes = runners?.MemoryBudgetBytes ?? 1 << 30 }, attached, readMemory: null)
    {
    }

    private PoolBed(RunnerSettings runners, AttachedRunnerSettings[] attached, Func<long?>? readMemory)
    {
        var settings = new DaemonSettings
        {
            Listen = new ListenSettings(null, null),
            ModelsPath = "/nowhere",
            Runners = runners,
            AttachedRunners = attached,
        };
        Settings = settings;
        Clock = new SetClock(Time);
        Pool = new RunnerPool(settings, Launcher, Clock, Log, readMemory is null ? null : _ => readMemory());
    }

    public FakeLauncher Launcher { get; } = new();

    public ListLogger<RunnerPool> Log { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 25, 8, 0, 0, TimeSpan.Zero));

    /// <summary>What the pool sees of <see cref="Time"/>.</summary>
    public SetClock Clock { get; }

    public RunnerPool Pool { get; }

    public DaemonSettings Settings { get; private set; }

    /// <summary>What a canonical reference means.</summary>
    public Func<string, ModelSource?> Find { get; set; } = static _ => null;

    public CancellationToken Limit => _limit.Token;

    public static ModelEntry Model(string name, TimeSpan? keepAlive = null) =>
        new($"{name}:latest", $"/nowhere/{name}.gguf", 1, DateTimeOffset.UnixEpoch, new ModelSettings { KeepAlive = keepAlive });

    /// <summary>Replaces the settings of the pool.</summary>
    public void Configure(DaemonSettings next)
    {
        Pool.Configure(new SettingsChange(Settings, next), Find);
        Settings = next;
    }

    public Task<AcquireOutcome> Ask(string name, CancellationToken clientLeft = default) =>
        Pool.AcquireAsync(Pool.KeyOf(null, Model(name), RunnerMode.Completion), Model(name), clientLeft).WaitAsync(Limit);

    public ValueTask<FakeRunner> StartedAsync() => Launcher.NextAsync(Limit);

    /// <summary>Requests a model and makes its runner ready.</summary>
    public async Task<(FakeRunner Runner, RunnerLease Lease)> LoadAsync(string name)
    {
        Task<AcquireOutcome> asked = Ask(name);
        FakeRunner runner = await StartedAsync();
        runner.BecomeReady();
        return (runner, (await asked).Lease!);
    }

    /// <summary>Makes a runner ready, and waits until the pool knows it.</summary>
    public async Task ReadyAsync(FakeRunner runner)
    {
        runner.BecomeReady();
        while (!Pool.Runners.Any(shown => shown.Id == runner.Id && shown.State == RunnerState.Ready))
            await SettleAsync();
    }

    /// <summary>Waits until the pool has processed all previous events.</summary>
    public Task SettleAsync() => Pool.UnloadAsync(new UnloadSelection(null, ["no such model"]), Limit);

    public async ValueTask DisposeAsync()
    {
        Task ending = Pool.DisposeAsync().AsTask();
        while (await Task.WhenAny(ending, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Limit)) != ending)
            Time.Advance(TimeSpan.FromSeconds(30));
        await ending;
        _limit.Dispose();
    }
}

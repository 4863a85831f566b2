using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class MemoryMeterTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly FakeLauncher _launcher = new() { AreReadyAtOnce = true };
    private readonly List<int[]> _measured = [];
    private readonly FakeTimeProvider _time = new();
    private readonly RunnerPool _pool;
    private long _free = 100;

    public MemoryMeterTests()
    {
        var settings = new DaemonSettings { Listen = new ListenSettings(null, null), ModelsPath = "/nowhere", Runners = new RunnerSettings() };
        _pool = new RunnerPool(settings, _launcher, _time, NullLogger<RunnerPool>.Instance, processes =>
        {
            _measured.Add([.. processes]);
            return _free;
        });
    }

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    [Fact]
    public async Task Free_memory_is_read_before_each_start()
    {
        await LoadAsync("a", 60);
        _time.Advance(MemoryMeter.MaxAge);
        _free = 50;
        Refuse refusal = (await AskAsync("b", 60)).Refusal!;
        Assert.Equal(RefusalReason.OutOfMemory, refusal.Reason);

        _time.Advance(MemoryMeter.MaxAge);
        _free = 200;
        await LoadAsync("b", 60);

        Assert.Equal(3, _measured.Count);
        Assert.Equal([[], [1001], [1001]], _measured);
    }

    [Fact]
    public async Task A_recent_reading_is_used_again()
    {
        await LoadAsync("a", 10);
        await LoadAsync("b", 10);
        Assert.Single(_measured);

        _time.Advance(MemoryMeter.MaxAge);
        await LoadAsync("c", 10);
        Assert.Equal(2, _measured.Count);
    }

    [Fact]
    public async Task A_request_to_a_ready_runner_does_not_read_memory()
    {
        await LoadAsync("a", 60);
        await LoadAsync("a", 60);

        Assert.Single(_measured);
    }

    [Fact]
    public async Task A_ready_runner_stays_if_other_programs_use_the_memory()
    {
        await LoadAsync("a", 60);
        _time.Advance(MemoryMeter.MaxAge);
        _free = 10;

        Assert.Equal(RefusalReason.OutOfMemory, (await AskAsync("b", 60)).Refusal!.Reason);

        Assert.Equal(RunnerState.Ready, Assert.Single(_pool.Runners, static runner => runner.Key.Model == "a:latest").State);
    }

    [Fact]
    public async Task The_memory_that_an_idle_runner_gives_back_counts_for_the_one_that_waits()
    {
        await LoadAsync("a", 60);

        // Together they are too large: the idle one is stopped, and free memory is read again after its end.
        await LoadAsync("b", 70);

        Assert.DoesNotContain(_pool.Runners, static runner => runner.Key.Model == "a:latest");
        Assert.Equal([], _measured[^1]);
    }

    private async Task LoadAsync(string name, long bytes) => (await AskAsync(name, bytes)).Lease!.Dispose();

    private Task<AcquireOutcome> AskAsync(string name, long bytes)
    {
        var model = new ModelEntry($"{name}:latest", $"/nowhere/{name}.gguf", bytes, DateTimeOffset.UnixEpoch, new ModelSettings())
        {
            Memory = new Dictionary<RunnerMode, MemoryEstimate>
            {
                [RunnerMode.Completion] = new MemoryEstimate(bytes, Cache: 0, Compute: 0, Process: 0, Checkpoints: 0, PromptCache: 0),
            },
        };
        return _pool.AcquireAsync(_pool.KeyOf(null, model, RunnerMode.Completion), model, CancellationToken.None).WaitAsync(Limit);
    }
}

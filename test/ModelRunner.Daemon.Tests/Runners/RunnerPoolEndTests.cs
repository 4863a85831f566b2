using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public class RunnerPoolEndTests
{
    [Fact]
    public async Task At_shutdown_waiting_requests_are_refused_and_admitted_ones_may_finish()
    {
        await using var bed = new PoolBed();
        (FakeRunner busy, RunnerLease lease) = await bed.LoadAsync("a");
        Task<AcquireOutcome> waiting = bed.Ask("b");
        FakeRunner loading = await bed.StartedAsync();
        Task ending = bed.Pool.DisposeAsync().AsTask();
        Assert.Equal(RefusalReason.ShuttingDown, (await waiting).Refusal!.Reason);
        await loading.StopAsked.WaitAsync(bed.Limit);
        Assert.Equal(RefusalReason.ShuttingDown, (await bed.Ask("a")).Refusal!.Reason);
        Assert.False(busy.StopAsked.IsCompleted);
        Assert.False(lease.RunnerGone.IsCancellationRequested);
        lease.Dispose();
        await ending.WaitAsync(bed.Limit);
        Assert.True(busy.StopAsked.IsCompleted);
        Assert.Equal(RefusalReason.ShuttingDown, (await bed.Ask("a")).Refusal!.Reason);
        Assert.Equal(0, await bed.Pool.UnloadAsync(new UnloadSelection(null, null), bed.Limit));
    }

    [Fact]
    public async Task After_the_drain_time_requests_are_aborted_before_their_runner_is_stopped()
    {
        await using var bed = new PoolBed(new RunnerSettings { DrainTimeout = TimeSpan.FromSeconds(3) });
        (FakeRunner busy, RunnerLease lease) = await bed.LoadAsync("a");
        bool wasCut = false;
        busy.OnStop = () => wasCut = lease.RunnerGone.IsCancellationRequested;
        Task ending = bed.Pool.DisposeAsync().AsTask();
        await bed.SettleAsync();
        bed.Time.Advance(TimeSpan.FromSeconds(2.9));
        await bed.SettleAsync();
        Assert.False(busy.StopAsked.IsCompleted);
        bed.Time.Advance(TimeSpan.FromSeconds(0.1));

        // The lease is never disposed: a request that hangs does not block the end.
        await ending.WaitAsync(bed.Limit);
        Assert.True(wasCut);
    }

    [Fact]
    public async Task After_the_drain_time_of_the_latest_settings_requests_on_a_removed_server_are_aborted()
    {
        var attached = new AttachedRunnerSettings("vllm", "a:latest", RunnerMode.Completion, "/nowhere/vllm.sock", null, null);
        await using var bed = new PoolBed(null, attached);
        RunnerLease lease = (await bed.Ask("a")).Lease!;
        bed.Configure(bed.Settings with { AttachedRunners = [], Runners = bed.Settings.Runners with { DrainTimeout = TimeSpan.FromSeconds(3) } });
        await bed.SettleAsync();
        Assert.Empty(bed.Pool.Runners);

        Task ending = bed.Pool.DisposeAsync().AsTask();
        await bed.SettleAsync();
        Assert.False(ending.IsCompleted);
        Assert.False(lease.RunnerGone.IsCancellationRequested);
        bed.Time.Advance(TimeSpan.FromSeconds(3));
        await ending.WaitAsync(bed.Limit);
        Assert.True(lease.RunnerGone.IsCancellationRequested);
    }

    [Fact]
    public async Task Disposal_waits_for_the_last_process()
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        lease.Dispose();
        runner.EndsWhenAsked = false;
        Task ending = bed.Pool.DisposeAsync().AsTask();
        Task again = bed.Pool.DisposeAsync().AsTask();
        await runner.StopAsked.WaitAsync(bed.Limit);
        Assert.False(ending.IsCompleted);
        runner.End();
        await Task.WhenAll(ending, again).WaitAsync(bed.Limit);
    }

    [Fact]
    public async Task An_exception_in_an_aborted_request_keeps_no_process_alive()
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        lease.Dispose();
        await using CancellationTokenRegistration faulty = lease.RunnerGone.Register(static () => throw new InvalidOperationException("no"));

        int count = await bed.Pool.UnloadAsync(new UnloadSelection(null, null), bed.Limit);

        Assert.Equal(1, count);
        Assert.True(runner.StopAsked.IsCompleted);
    }
}

using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public class RunnerPoolTests
{
    [Fact]
    public async Task Fifty_first_requests_share_one_start_and_all_get_a_lease()
    {
        await using var bed = new PoolBed();
        Task<AcquireOutcome>[] asked = [.. Enumerable.Range(0, 50).Select(_ => bed.Ask("a"))];
        FakeRunner runner = await bed.StartedAsync();
        await bed.SettleAsync();
        Assert.Equal((RunnerState.Loading, 50), (bed.Pool.Runners[0].State, bed.Pool.Runners[0].Queued));
        runner.BecomeReady();
        foreach (AcquireOutcome outcome in await Task.WhenAll(asked))
            Assert.Same(runner.Endpoint, outcome.Lease!.Endpoint);
        Assert.Equal(0, bed.Launcher.Untaken);
        Assert.Equal(50, bed.Pool.Runners[0].InFlight);
    }

    [Fact]
    public async Task A_client_that_disconnects_gets_no_lease_and_the_load_continues()
    {
        await using var bed = new PoolBed();
        using var leaving = new CancellationTokenSource();
        Task<AcquireOutcome> first = bed.Ask("a", leaving.Token);
        FakeRunner runner = await bed.StartedAsync();
        Task<AcquireOutcome> second = bed.Ask("a");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        runner.BecomeReady();
        Assert.NotNull((await second).Lease);
        Assert.Equal(1, bed.Pool.Runners[0].InFlight);
    }

    [Fact]
    public async Task Clients_that_disconnect_at_any_time_leave_no_request_in_flight()
    {
        await using var bed = new PoolBed();
        bed.Launcher.AreReadyAtOnce = true;
        using (RunnerLease lease = (await bed.Ask("a")).Lease!)
            Assert.Equal(1, bed.Pool.Runners[0].InFlight);

        await Parallel.ForAsync(0, 2000, bed.Limit, async (i, _) =>
        {
            using var leaving = new CancellationTokenSource();
            Task<AcquireOutcome> asked = bed.Ask(i % 3 == 0 ? "b" : "a", leaving.Token);
            if (i % 2 == 0)
                await leaving.CancelAsync();
            try
            {
                (await asked).Lease?.Dispose();
            }
            catch (OperationCanceledException)
            {
                Assert.Equal(0, i % 2);
            }
        });
        await bed.SettleAsync();
        Assert.All(bed.Pool.Runners, static runner => Assert.Equal((0, 0), (runner.InFlight, runner.Queued)));
    }

    [Fact]
    public async Task A_change_of_the_settings_keeps_those_of_an_entry_with_another_name_of_the_model()
    {
        await using var bed = new PoolBed();
        using RunnerLease lease = (await bed.LoadAsync("ai/a")).Lease;
        bed.Configure(bed.Settings with
        {
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal)
            {
                ["a:latest"] = new() { KeepAlive = TimeSpan.FromSeconds(7), Concurrency = 2 },
            },
        });
        await bed.SettleAsync();
        RunnerSnapshot runner = Assert.Single(bed.Pool.Runners);
        Assert.Equal((RunnerState.Ready, TimeSpan.FromSeconds(7), 2), (runner.State, runner.KeepAlive, runner.Concurrency));
    }

    [Fact]
    public async Task A_lease_can_be_disposed_twice()
    {
        await using var bed = new PoolBed();
        (_, RunnerLease first) = await bed.LoadAsync("a");
        using RunnerLease second = (await bed.Ask("a")).Lease!;
        first.Dispose();
        first.Dispose();
        await bed.SettleAsync();
        Assert.Equal(1, bed.Pool.Runners[0].InFlight);
    }

    [Fact]
    public async Task LIF_03_an_aborted_request_finds_the_cause_of_the_crash_and_the_next_gets_a_new_runner()
    {
        await using var bed = new PoolBed();
        (FakeRunner old, RunnerLease lease) = await bed.LoadAsync("a");
        var found = new TaskCompletionSource<RunnerFailure?>();
        using CancellationTokenRegistration cut = lease.RunnerGone.Register(
            () => found.SetResult(bed.Pool.Runners.Single(runner => runner.Id == lease.Runner).Failure));
        var killed = new RunnerFailure(StopReason.Killed, "llama-server was killed by signal 9");
        old.End(killed);
        Assert.Equal(killed, await found.Task.WaitAsync(bed.Limit));
        Assert.Equal(1, Assert.Single(bed.Pool.Accounts.Table.Models).Stops(StopReason.Killed));
        Assert.Null(bed.Pool.Runners[0].Endpoint);
        lease.Dispose();
        (FakeRunner next, RunnerLease again) = await bed.LoadAsync("a");
        Assert.NotEqual(old.Id, next.Id);
        again.Dispose();
    }

    [Fact]
    public async Task A_failed_start_is_reported_with_its_cause_and_the_next_waits_for_the_backoff()
    {
        await using var bed = new PoolBed();
        Task<AcquireOutcome> asked = bed.Ask("a");
        (await bed.StartedAsync()).Fail("exit code 1: unknown architecture");
        Refuse refusal = (await asked).Refusal!;
        Assert.Equal(RefusalReason.StartFailed, refusal.Reason);
        Assert.Contains("unknown architecture", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(RefusalReason.Backoff, (await bed.Ask("a")).Refusal!.Reason);
        bed.Time.Advance(TimeSpan.FromMilliseconds(100));
        (await bed.LoadAsync("a")).Lease.Dispose();
    }

    [Fact]
    public async Task A_launcher_that_throws_fails_one_start_and_not_the_daemon()
    {
        await using var bed = new PoolBed();
        bed.Launcher.Failure = new IOException("no space left on device");
        Refuse refusal = (await bed.Ask("a")).Refusal!;
        Assert.Contains("no space left on device", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(StopReason.NotStarted, refusal.FailureReason);
        Assert.Equal(1, Assert.Single(bed.Pool.Accounts.Table.Models).Stops(StopReason.NotStarted));
        (await bed.LoadAsync("b")).Lease.Dispose();
    }

    [Fact]
    public async Task An_idle_runner_is_unloaded_in_time_and_shown_until_its_process_ends()
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        runner.EndsWhenAsked = false;
        bed.Time.Advance(TimeSpan.FromMinutes(30));
        await bed.SettleAsync();
        lease.Dispose();
        await bed.SettleAsync();
        bed.Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        await bed.SettleAsync();
        Assert.Equal((RunnerState.Ready, bed.Time.GetUtcNow() - TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1)),
            (bed.Pool.Runners[0].State, bed.Pool.Runners[0].LastUsed));
        bed.Time.Advance(TimeSpan.FromSeconds(1.001));
        await runner.StopAsked.WaitAsync(bed.Limit);
        Assert.Equal(RunnerState.Stopping, bed.Pool.Runners[0].State);
        runner.End();
        await bed.SettleAsync();
        while (bed.Pool.Runners.Count > 0)
            await bed.SettleAsync();
    }

    [Fact]
    public async Task LIF_11_unload_returns_when_the_processes_have_ended()
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        lease.Dispose();
        runner.EndsWhenAsked = false;
        Task<int> unloading = bed.Pool.UnloadAsync(new UnloadSelection(null, ["a:latest"]), bed.Limit);
        await runner.StopAsked.WaitAsync(bed.Limit);
        Assert.False(unloading.IsCompleted);
        runner.End();
        Assert.Equal(1, await unloading.WaitAsync(bed.Limit));
        Assert.Empty(bed.Pool.Runners);
    }

    [Fact]
    public async Task A_caller_that_does_not_wait_for_an_unload_does_not_undo_it()
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        using var leaving = new CancellationTokenSource();
        Task<int> unloading = bed.Pool.UnloadAsync(new UnloadSelection(null, null), leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unloading);
        lease.Dispose();
        await runner.StopAsked.WaitAsync(bed.Limit);
    }

    [Fact]
    public async Task SRV_07_a_model_that_waits_for_capacity_is_shown_with_its_queue()
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxRunners = 1 });
        (_, RunnerLease busy) = await bed.LoadAsync("a");
        Task<AcquireOutcome> waiting = bed.Ask("b");
        await bed.SettleAsync();
        RunnerSnapshot shown = bed.Pool.Runners.Single(static runner => runner.Key.Model == "b:latest");
        Assert.Equal((RunnerState.Waiting, 1, null), (shown.State, shown.Queued, shown.Endpoint));
        busy.Dispose();
        (await bed.StartedAsync()).BecomeReady();
        (await waiting).Lease!.Dispose();
    }

    [Fact]
    public async Task Each_start_gets_the_entry_that_its_own_request_brought()
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        lease.Dispose();
        var gone = new TaskCompletionSource();
        using CancellationTokenRegistration cut = lease.RunnerGone.Register(gone.SetResult);
        runner.End();
        await gone.Task.WaitAsync(bed.Limit);
        (await bed.LoadAsync("a")).Lease.Dispose();
        Assert.Equal(2, bed.Launcher.Models.Count);
        Assert.NotSame(bed.Launcher.Models[0], bed.Launcher.Models[1]);
    }

    [Fact]
    public async Task Attached_runners_are_chosen_before_a_start_and_cut_only_at_the_end()
    {
        var attached = new AttachedRunnerSettings("vllm", "a:latest", RunnerMode.Completion, "/nowhere/vllm.sock", null, "r1");
        var bed = new PoolBed(null, attached);
        RunnerLease lease = (await bed.Ask("a")).Lease!;
        RunnerSnapshot shown = Assert.Single(bed.Pool.Runners);
        Assert.Equal(("vllm", "attached", "r1", true), (shown.Key.Backend, shown.Engine, shown.Replica, shown.IsAttached));
        Assert.Same(shown.Endpoint, lease.Endpoint);
        Assert.Equal(0, await bed.Pool.UnloadAsync(new UnloadSelection(null, null), bed.Limit));
        Assert.False(lease.RunnerGone.IsCancellationRequested);
        await bed.DisposeAsync();
        Assert.True(lease.RunnerGone.IsCancellationRequested);
    }
}

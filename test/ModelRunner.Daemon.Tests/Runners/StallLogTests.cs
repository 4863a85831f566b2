using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>What the log says of runners that make no progress, by a fake clock.</summary>
public sealed class StallLogTests
{
    private static readonly RunnerId Id = new(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 8, 0, 0, TimeSpan.Zero));
    private readonly ListLogger<StallWatch> _log = new();
    private readonly LiveRunners _live = new();
    private readonly List<SchedulerEvent> _events = [];

    [Fact]
    public async Task A_runner_that_moves_is_no_longer_stalled()
    {
        await using StallWatch watch = Watch();
        LiveRunner runner = Add(new FakeRunner(Id, new RunnerKey("llama.cpp", "a", RunnerMode.Completion)));
        RequestTurn request = Stall(runner);
        Assert.Contains("(process 1001) is stalled, requests=1", Assert.Single(_log.Lines), StringComparison.Ordinal);
        request.Move();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        request.AwaitClient();
        Pass(10);

        Assert.EndsWith("is no longer stalled.", _log.Lines[^1], StringComparison.Ordinal);
        Assert.Null(runner.Progress.StalledSince);
    }

    [Fact]
    public async Task A_client_that_leaves_does_not_show_that_the_runner_moves()
    {
        await using StallWatch watch = Watch();
        LiveRunner runner = Add(new FakeRunner(Id, new RunnerKey("llama.cpp", "a", RunnerMode.Completion)));
        runner.Release(Stall(runner), RequestResult.Abandoned);
        Pass(10);

        Assert.Equal(2, _log.Lines.Count);
        Assert.StartsWith("No request waits for the stalled runner of ", _log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_that_is_stopped_because_of_it_does_not_move_either()
    {
        await using StallWatch watch = Watch();
        LiveRunner runner = Add(new FakeRunner(Id, new RunnerKey("llama.cpp", "a", RunnerMode.Completion)));
        RequestTurn request = Stall(runner);
        await runner.CutAsync();
        runner.Release(request, RequestResult.RunnerFailed);
        Pass(10);

        Assert.Single(_log.Lines);
    }

    [Fact]
    public async Task An_attached_server_has_no_process()
    {
        await using StallWatch watch = Watch();
        Stall(Add(process: null));

        Assert.StartsWith("The attached server unix:/nowhere/1.sock is stalled, requests=1", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_request_does_not_inherit_the_standstill_of_one_that_left_long_ago()
    {
        await using StallWatch watch = Watch();
        LiveRunner runner = Add(new FakeRunner(Id, new RunnerKey("llama.cpp", "a", RunnerMode.Completion)));
        RequestTurn left = runner.Hold();
        Pass(50);
        runner.Release(left, RequestResult.Abandoned);
        Pass(70);
        runner.Hold();
        Pass(50);

        Assert.Empty(_events);
        Pass(20);
        Assert.Equal(Id, Assert.IsType<RunnerStalled>(Assert.Single(_events)).Runner);
    }

    private StallWatch Watch() =>
        new(_live, static () => new RunnerSettings { StallTimeout = TimeSpan.FromSeconds(60) }, _events.Add, _log, _time);

    private LiveRunner Add(FakeRunner? process)
    {
        RunnerEndpoint endpoint = process?.Endpoint ?? RunnerEndpointFactory.ForSocket(Id, "/nowhere/1.sock");
        var runner = new LiveRunner(Id, endpoint, process, replica: null) { Progress = new RunnerProgress(_time) };
        _live.Add(runner);
        return runner;
    }

    private RequestTurn Stall(LiveRunner runner)
    {
        RequestTurn request = runner.Hold();
        Pass(70);
        Assert.NotNull(runner.Progress.StalledSince);
        return request;
    }

    private void Pass(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}

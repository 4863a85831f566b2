using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class LiveRunnerTests
{
    private readonly FakeRunner _process = new(new RunnerId(1), new RunnerKey("llama.cpp", "a", RunnerMode.Completion));

    [Theory]
    [InlineData(RequestResult.Served, true)]
    [InlineData(RequestResult.NotSent, false)]
    [InlineData(RequestResult.Abandoned, false)]
    [InlineData(RequestResult.RunnerFailed, false)]
    internal void Only_a_served_request_shows_what_requests_need(RequestResult result, bool hasServed)
    {
        LiveRunner runner = Make();
        runner.Release(runner.Hold(), result);
        Assert.Equal(hasServed, runner.HasServed);

        runner.Release(runner.Hold(), RequestResult.Served);
        runner.Release(runner.Hold(), result);
        Assert.True(runner.HasServed);
        Assert.False(runner.IsInUse);
    }

    [Fact]
    public async Task A_process_that_cannot_be_measured_is_stopped_all_the_same()
    {
        _process.BecomeReady();
        _process.OnProcessId = static () => throw new IOException("no /proc");
        await Assert.ThrowsAsync<IOException>(() => Make().StopAsync(StopReason.Idle, failure: null, TimeProvider.System));

        Assert.True(_process.StopAsked.IsCompleted);
    }

    private LiveRunner Make() => new(new RunnerId(1), _process.Endpoint, _process, replica: null);
}

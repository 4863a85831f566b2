using ModelRunner.Cli;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class InterruptTests
{
    private const int Keyboard = 2;
    private const int Terminate = 15;

    [Fact]
    public void Control_C_just_after_a_response_has_no_effect_and_the_next_one_ends_the_command()
    {
        using var interrupt = new Interrupt();
        var answer = new CancellationTokenSource();
        interrupt.Redirect(answer);
        answer.Dispose();

        interrupt.Take(Keyboard);

        Assert.False(interrupt.Ended.IsCancellationRequested);
        interrupt.Redirect(null);
        interrupt.Take(Keyboard);
        Assert.True(interrupt.Ended.IsCancellationRequested);
        Assert.Equal(130, interrupt.ExitCode);
    }

    [Fact]
    public async Task Work_that_cannot_be_cancelled_delays_the_end_by_a_tenth_of_a_second()
    {
        var time = new TimerWatch();
        using var interrupt = new Interrupt();
        Task<int> ending = interrupt.WaitAsync(new TaskCompletionSource<int>().Task, time);
        interrupt.Take(Keyboard);

        // The pause begins on another thread. Before that, the clock has no effect.
        await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100));
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(ending.IsCompleted);

        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(130, await ending.WaitAsync(DaemonFixture.Patience, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(Keyboard)]
    [InlineData(Terminate)]
    public void A_signal_just_after_the_command_ended_is_not_a_failure(int number)
    {
        var interrupt = new Interrupt();
        interrupt.Dispose();

        Assert.Null(Record.Exception(() => interrupt.Take(number)));
    }
}

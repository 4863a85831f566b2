using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class PageBodyBudgetTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_body_that_is_too_large_does_not_block_one_that_fits()
    {
        const int Takes = 2_000_000;
        var budget = new PageBodyBudget(100);
        using var ended = new CancellationTokenSource();
        var isRunning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> large = Task.Run(
            () =>
            {
                isRunning.SetResult();
                bool isTaken = false;
                while (!ended.IsCancellationRequested)
                    isTaken |= budget.TryTake(101);
                return isTaken;
            },
            Cancellation);
        await isRunning.Task;
        int refused = 0;
        for (int i = 0; i < Takes; i++)
        {
            if (budget.TryTake(10))
                budget.Return(10);
            else
                refused++;
        }

        await ended.CancelAsync();
        Assert.False(await large);
        Assert.Equal(0, refused);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task A_body_uses_memory_that_can_be_freed()
    {
        var budget = new PageBodyBudget(100);
        Assert.True(budget.TryTake(100));
        Assert.False(await budget.TryTakeAsync(1, Cancellation));
        budget.TryFreeAsync = _ =>
        {
            budget.Return(100);
            return new ValueTask<bool>(true);
        };

        Assert.False(await budget.TryTakeAsync(101, Cancellation));
        Assert.True(await budget.TryTakeAsync(1, Cancellation));
        Assert.Equal(1, budget.Used);
    }
}

using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Tests.Generation;

public sealed class JobQueueTests
{
    [Fact]
    public void Jobs_come_out_in_the_order_in_which_they_went_in()
    {
        using var queue = new JobQueue<string>();
        Assert.True(queue.TryAdd("a") && queue.TryAdd("b"));

        Assert.Equal("a", queue.TakeFirst(_ => true));
        Assert.Equal("b", queue.TakeFirst(_ => true));
        Assert.Null(queue.TakeFirst(_ => true));
    }

    [Fact]
    public void The_first_waits_until_it_passes_and_nobody_overtakes_it()
    {
        using var queue = new JobQueue<string>();
        queue.TryAdd("large");
        queue.TryAdd("s");

        Assert.Null(queue.TakeFirst(job => job.Length < 3));
        Assert.Equal(2, queue.Count);
    }

    [Fact]
    public void Who_left_is_taken_out_of_the_middle()
    {
        using var queue = new JobQueue<string>();
        foreach (string job in (string[])["a", "gone", "b", "gone"])
            queue.TryAdd(job);

        Assert.Equal(["gone", "gone"], queue.TakeAll(job => job == "gone"));
        Assert.Equal(["a", "b"], queue.TakeAll(_ => true));
    }

    [Fact]
    public async Task A_closed_queue_wakes_who_waits_and_takes_nothing_more()
    {
        using var queue = new JobQueue<string>();
        Task<bool> waiting = Task.Run(queue.WaitForJob);

        queue.Close();

        Assert.False(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(queue.TryAdd("late"));
    }

    [Fact]
    public async Task A_job_wakes_who_waits()
    {
        using var queue = new JobQueue<string>();
        Task<bool> waiting = Task.Run(queue.WaitForJob);

        queue.TryAdd("job");

        Assert.True(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
    }
}

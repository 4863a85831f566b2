using ModelRunner.LlamaHost.Http;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class BodyMemoryTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Bodies_wait_in_order_until_there_is_room()
    {
        var memory = new BodyMemory(100, Long, TimeProvider.System);
        await memory.TakeAsync(60, CancellationToken.None);
        Task second = memory.TakeAsync(60, CancellationToken.None);
        Task third = memory.TakeAsync(10, CancellationToken.None);

        // The third would fit, but it may not overtake.
        Assert.Equal((60, 2), (memory.UsedBytes, memory.WaitingCount));
        memory.Return(60);
        await Task.WhenAll(second, third);

        memory.Return(60);
        memory.Return(10);
        Assert.Equal((0, 0), (memory.UsedBytes, memory.WaitingCount));
    }

    [Fact]
    public async Task A_body_that_is_larger_than_the_limit_is_there_alone()
    {
        var memory = new BodyMemory(100, Long, TimeProvider.System);
        await memory.TakeAsync(500, CancellationToken.None);
        Task other = memory.TakeAsync(1, CancellationToken.None);

        Assert.False(other.IsCompleted);
        memory.Return(500);
        await other;
        Assert.Equal(1, memory.UsedBytes);
    }

    [Fact]
    public async Task Who_finds_no_room_in_time_is_refused_and_holds_up_nobody()
    {
        var memory = new BodyMemory(100, TimeSpan.Zero, TimeProvider.System);
        await memory.TakeAsync(90, CancellationToken.None);

        ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => memory.TakeAsync(50, CancellationToken.None));

        Assert.Equal((503, 5), (refusal.Status, refusal.RetrySeconds));
        await memory.TakeAsync(10, CancellationToken.None);
        Assert.Equal((100, 0), (memory.UsedBytes, memory.WaitingCount));
    }

    [Fact]
    public async Task A_client_that_leaves_lets_the_next_one_in()
    {
        var memory = new BodyMemory(100, Long, TimeProvider.System);
        using var left = new CancellationTokenSource();
        await memory.TakeAsync(60, CancellationToken.None);
        Task first = memory.TakeAsync(60, left.Token);
        Task second = memory.TakeAsync(40, CancellationToken.None);

        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await second;
        Assert.Equal((100, 0), (memory.UsedBytes, memory.WaitingCount));
    }

    [Theory]
    [InlineData(256L << 20, 32L << 20, 16L << 20, 512L << 10)]
    [InlineData(1L << 20, 1L << 20, 1L << 20, 64L << 10)]
    [InlineData(64L << 30, 256L << 20, 32L << 20, 32L << 20)]
    public void The_limits_follow_the_memory_of_the_process(long available, long bodies, long body, long text)
    {
        var limits = new MemoryLimits(available);

        Assert.Equal((bodies, body, text), (limits.AllBodiesBytes, limits.BodyBytes, limits.TextBytes));
    }

    [Fact]
    public async Task Memory_is_freed_after_the_last_body_and_after_as_much_as_the_limit()
    {
        var memory = new BodyMemory(100, Long, TimeProvider.System);
        await memory.TakeAsync(40, CancellationToken.None);
        await memory.TakeAsync(60, CancellationToken.None);

        Assert.False(memory.NoteGarbage(40));
        Assert.True(memory.NoteGarbage(60));
        memory.Return(60);
        Assert.True(memory.NoteGarbage(40));
    }
}

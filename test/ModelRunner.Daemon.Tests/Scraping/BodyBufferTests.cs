using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class BodyBufferTests
{
    private const int Megabyte = 1024 * 1024;

    [Fact]
    public async Task An_announced_length_allocates_a_megabyte_at_most()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var body = new BodyBuffer(512 * Megabyte, new PageBodyBudget(long.MaxValue));

        Assert.True(await body.TryExpectAsync(512 * Megabyte, lastBytes: 0, TestContext.Current.CancellationToken));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * Megabyte);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(8, true)]
    [InlineData(9, false)]
    [InlineData(50_000, false)]
    public async Task A_stream_is_read_to_the_limit(int bytes, bool isWhole)
    {
        using var body = new BodyBuffer(maxBytes: 8, new PageBodyBudget(long.MaxValue));

        Assert.Equal(isWhole, await body.TryReadAsync(new MemoryStream(new byte[bytes]), TestContext.Current.CancellationToken));
        Assert.Equal(Math.Min(bytes, 8), body.Length);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(Megabyte)]
    public async Task A_stream_of_unknown_length_is_read_to_its_end(int bytes)
    {
        byte[] sent = new byte[bytes];
        new Random(bytes).NextBytes(sent);
        using var body = new BodyBuffer(Megabyte, new PageBodyBudget(long.MaxValue));

        Assert.True(await body.TryReadAsync(new MemoryStream(sent), TestContext.Current.CancellationToken));
        Assert.True(body.Written.Span.SequenceEqual(sent));
    }

    [Fact]
    public async Task An_endless_stream_uses_little_more_memory_than_the_limit()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var body = new BodyBuffer(16 * Megabyte, new PageBodyBudget(long.MaxValue));

        Assert.False(await body.TryReadAsync(new MemoryStream(new byte[17 * Megabyte]), TestContext.Current.CancellationToken));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (17 + 23) * Megabyte);
    }

    [Fact]
    public async Task A_correct_announced_length_needs_no_larger_array()
    {
        byte[] sent = new byte[9 * Megabyte];
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var body = new BodyBuffer(64 * Megabyte, new PageBodyBudget(long.MaxValue));

        Assert.True(await body.TryExpectAsync(sent.Length, lastBytes: 0, TestContext.Current.CancellationToken));
        Assert.True(await body.TryReadAsync(new MemoryStream(sent), TestContext.Current.CancellationToken));

        // The arrays before it have 1.25 and 5 MiB; an array for 9 MiB and one byte has 10 MiB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 17 * Megabyte);
        Assert.Equal(sent.Length, body.Length);
    }

    [Fact]
    public async Task All_bodies_together_stay_within_their_limit()
    {
        var budget = new PageBodyBudget(3 * Megabyte);
        using (var first = new BodyBuffer(4 * Megabyte, budget))
        using (var second = new BodyBuffer(4 * Megabyte, budget))
        {
            Assert.True(await first.TryExpectAsync(Megabyte, lastBytes: 0, TestContext.Current.CancellationToken));
            Assert.True(await first.TryReadAsync(new MemoryStream(new byte[Megabyte]), TestContext.Current.CancellationToken));
            Assert.InRange(budget.Used, Megabyte, 2 * Megabyte);

            Assert.False(await second.TryReadAsync(new MemoryStream(new byte[3 * Megabyte]), TestContext.Current.CancellationToken));
            Assert.InRange(budget.Used, 0, 3 * Megabyte);
        }

        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task At_the_limit_memory_is_freed_before_a_body_is_refused()
    {
        var budget = new PageBodyBudget(10);
        var held = new Queue<long>([6, 3]);
        budget.TryFreeAsync = _ =>
        {
            bool isThere = held.TryDequeue(out long bytes);
            budget.Return(bytes);
            return new ValueTask<bool>(isThere);
        };
        Assert.True(await budget.TryTakeAsync(9, TestContext.Current.CancellationToken));

        Assert.True(await budget.TryTakeAsync(7, TestContext.Current.CancellationToken));
        Assert.Equal(10, budget.Used);
        Assert.True(await budget.TryTakeAsync(3, TestContext.Current.CancellationToken));
        Assert.False(await budget.TryTakeAsync(1, TestContext.Current.CancellationToken));
        Assert.Equal(10, budget.Used);
    }
}

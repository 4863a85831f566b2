using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Inference.Bodies;

namespace ModelRunner.Daemon.Tests.Inference.Bodies;

public sealed class RequestBodyBudgetTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_body_takes_what_it_asks_for_and_gives_it_back()
    {
        var budget = new RequestBodyBudget(100, 40, _time);
        using (BodyShare share = budget.Open())
        {
            Assert.True(await share.TakeAsync(30, Cancellation));
            Assert.True(await share.TakeAsync(20, Cancellation));
            Assert.Equal(50, budget.UsedBytes);
        }

        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public async Task Beyond_the_budget_bodies_wait_in_order_until_others_end()
    {
        var budget = new RequestBodyBudget(100, 40, _time);
        BodyShare first = budget.Open();
        BodyShare second = budget.Open();
        using BodyShare third = budget.Open();
        using BodyShare fourth = budget.Open();
        Assert.True(await first.TakeAsync(60, Cancellation));
        Assert.True(await second.TakeAsync(40, Cancellation));
        Task<bool> waits = third.TakeAsync(60, Cancellation);
        Task<bool> waitsBehind = fourth.TakeAsync(1, Cancellation);

        Assert.False(waits.IsCompleted);
        Assert.False(waitsBehind.IsCompleted);
        Assert.Equal(2, budget.WaitingCount);
        first.Dispose();
        Assert.True(await waits.WaitAsync(Patience, Cancellation));
        second.Dispose();
        Assert.True(await waitsBehind.WaitAsync(Patience, Cancellation));
        Assert.Equal(61, budget.UsedBytes);
    }

    [Theory]
    [InlineData(64, 32)]
    [InlineData(33, 32)]
    [InlineData(32, 32)]
    [InlineData(20, 32)]
    public async Task Of_many_that_arrive_in_part_all_arrive_whole_one_after_the_other(int limit, int largest)
    {
        var budget = new RequestBodyBudget(limit, largest, _time);
        long most = 0;

        async Task ArriveAsync()
        {
            using BodyShare share = budget.Open();
            for (int part = 0; part < largest; part++)
            {
                Assert.True(await share.TakeAsync(1, Cancellation));
                long used = budget.UsedBytes;
                InterlockedMax(ref most, used);
                await Task.Yield();
            }

            share.MarkArrived();
            await Task.Yield();
        }

        await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Task.Run(ArriveAsync, Cancellation)));

        Assert.Equal(0, budget.UsedBytes);
        Assert.InRange(most, 1, Math.Max(limit, largest));
    }

    [Fact]
    public async Task A_body_that_waited_for_a_minute_gets_nothing()
    {
        var budget = new RequestBodyBudget(10, 5, _time);
        using BodyShare holder = await HoldAsync(budget, 5);
        using BodyShare privileged = await HoldAsync(budget, 5);
        using BodyShare late = budget.Open();
        Task<bool> waits = late.TakeAsync(5, Cancellation);

        _time.Advance(RequestBodyBudget.WaitTimeout - TimeSpan.FromSeconds(2));
        Assert.False(waits.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.False(await waits.WaitAsync(Patience, Cancellation));
        Assert.Equal(0, budget.WaitingCount);
    }

    [Fact]
    public async Task A_smaller_body_gets_its_memory_when_the_one_before_it_has_waited_too_long()
    {
        var budget = new RequestBodyBudget(10, 5, _time);
        using BodyShare holder = await HoldAsync(budget, 4);
        using BodyShare privileged = await HoldAsync(budget, 5);
        using BodyShare large = budget.Open();
        using BodyShare small = budget.Open();
        Task<bool> waits = large.TakeAsync(3, Cancellation);
        _time.Advance(RequestBodyBudget.WaitTimeout / 2);
        Task<bool> waitsBehind = small.TakeAsync(1, Cancellation);
        Assert.False(waitsBehind.IsCompleted);

        _time.Advance(RequestBodyBudget.WaitTimeout / 2);

        Assert.False(await waits.WaitAsync(Patience, Cancellation));
        Assert.True(await waitsBehind.WaitAsync(Patience, Cancellation));
    }

    [Fact]
    public async Task A_client_that_leaves_waits_no_longer_and_those_behind_it_go_on()
    {
        var budget = new RequestBodyBudget(10, 5, _time);
        using BodyShare holder = budget.Open();
        Assert.True(await holder.TakeAsync(5, Cancellation));
        using var leaving = new CancellationTokenSource();
        using BodyShare left = budget.Open();
        using BodyShare other = budget.Open();
        using BodyShare privileged = budget.Open();
        Assert.True(await privileged.TakeAsync(5, Cancellation));
        Task<bool> waits = left.TakeAsync(5, leaving.Token);
        Task<bool> waitsBehind = other.TakeAsync(5, Cancellation);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        holder.Dispose();
        privileged.Dispose();
        Assert.True(await waitsBehind.WaitAsync(Patience, Cancellation));
    }

    [Fact]
    public async Task A_body_that_trickles_is_cut_where_others_wait_and_only_there()
    {
        var budget = new RequestBodyBudget(10, 5, _time);
        using BodyShare trickling = budget.Open();
        Assert.True(await trickling.TakeAsync(5, Cancellation));
        using BodyShare privileged = await HoldAsync(budget, 5);
        trickling.EndRead(1);
        trickling.BeginRead();
        _time.Advance(BodyShare.Window * 3);
        Assert.False(trickling.WasCut.IsCancellationRequested);

        using BodyShare other = budget.Open();
        Task<bool> waits = other.TakeAsync(5, Cancellation);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(trickling.WasCut.IsCancellationRequested);
        trickling.Dispose();

        Assert.True(await waits.WaitAsync(Patience, Cancellation));
    }

    [Fact]
    public async Task A_body_that_keeps_coming_is_not_cut()
    {
        var budget = new RequestBodyBudget(10, 5, _time);
        using BodyShare steady = budget.Open();
        Assert.True(await steady.TakeAsync(5, Cancellation));
        using BodyShare privileged = await HoldAsync(budget, 5);
        using BodyShare other = budget.Open();
        Task<bool> waits = other.TakeAsync(5, Cancellation);

        for (int second = 0; second < 30; second++)
        {
            steady.BeginRead();
            _time.Advance(TimeSpan.FromSeconds(1));
            steady.EndRead(BodyShare.WindowBytes / 4);
        }

        Assert.False(steady.WasCut.IsCancellationRequested);
        Assert.False(waits.IsCompleted);
        steady.Dispose();
        Assert.True(await waits.WaitAsync(Patience, Cancellation));
    }

    [Theory]
    [InlineData(0, 256L << 20)]
    [InlineData(64L << 30, 256L << 20)]
    [InlineData(192L << 20, 48L << 20)]
    public void The_default_follows_from_what_the_process_may_use(long available, long budget) =>
        Assert.Equal(budget, RequestBodies.ChooseBudget(available));

    private static async Task<BodyShare> HoldAsync(RequestBodyBudget budget, long bytes)
    {
        BodyShare share = budget.Open();
        Assert.True(await share.TakeAsync(bytes, Cancellation));
        share.MarkArrived();
        return share;
    }

    private static void InterlockedMax(ref long place, long value)
    {
        long seen = Volatile.Read(ref place);
        while (value > seen && Interlocked.CompareExchange(ref place, value, seen) is var found && found != seen)
            seen = found;
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Inference.Bodies;

public sealed class RequestBodiesTests
{
    private const int MiB = 1 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(262144)]
    [InlineData(262145)]
    [InlineData(RequestBodies.MaxBytes)]
    public async Task A_body_is_read_as_it_was_sent_and_its_memory_is_counted_until_it_is_disposed(int size)
    {
        var bodies = new RequestBodies(64 * MiB, new FakeTimeProvider());
        byte[] sent = new byte[size];
        new Random(size).NextBytes(sent);
        using (RequestBody body = await bodies.ReadAsync(Request(sent), Cancellation))
        {
            Assert.True(body.Bytes.Span.SequenceEqual(sent));
            Assert.InRange(bodies.Small.UsedBytes + bodies.Large.UsedBytes, size, size + (256 * 1024));
        }

        Assert.Equal((0, 0), (bodies.Small.UsedBytes, bodies.Large.UsedBytes));
    }

    [Fact]
    public async Task Bodies_that_wait_for_pulls_hold_at_most_half_of_each_budget()
    {
        // Small bodies have 8 MiB, large ones 56 MiB; room for one body of the largest size is reserved.
        var bodies = new RequestBodies(64 * MiB, new FakeTimeProvider());
        using RequestBody first = await bodies.ReadAsync(Request(new byte[7 * MiB]), Cancellation);
        using RequestBody second = await bodies.ReadAsync(Request(new byte[7 * MiB]), Cancellation);
        using RequestBody small = await bodies.ReadAsync(Request(new byte[100]), Cancellation);

        Assert.True(bodies.Waiting.TryEnter(first));
        Assert.False(bodies.Waiting.TryEnter(second));
        Assert.True(bodies.Waiting.TryEnter(small));

        bodies.Waiting.Leave(first);
        Assert.True(bodies.Waiting.TryEnter(second));
        Assert.Equal(((MiB * 95 / 8), (4 * MiB) - (32 * 1024)), (bodies.Waiting.LimitOf(first), bodies.Waiting.LimitOf(small)));
    }

    [Fact]
    public async Task One_body_may_always_wait_for_a_pull_although_it_is_larger_than_the_limit()
    {
        var bodies = new RequestBodies(64 * MiB, new FakeTimeProvider());
        using RequestBody first = await bodies.ReadAsync(Request(new byte[13 * MiB]), Cancellation);
        using RequestBody second = await bodies.ReadAsync(Request(new byte[MiB]), Cancellation);

        Assert.True(bodies.Waiting.LimitOf(first) < first.Capacity);
        Assert.True(bodies.Waiting.TryEnter(first));
        Assert.False(bodies.Waiting.TryEnter(second));
        bodies.Waiting.Leave(first);
        Assert.True(bodies.Waiting.TryEnter(second));
    }

    [Fact]
    public async Task A_body_that_follows_another_one_holds_nothing_of_it()
    {
        var bodies = new RequestBodies(64 * MiB, new FakeTimeProvider());
        byte[] first = new byte[MiB];
        Array.Fill(first, (byte)'a');
        (await bodies.ReadAsync(Request(first), Cancellation)).Dispose();
        byte[] second = new byte[100_000];
        Array.Fill(second, (byte)'b');
        using RequestBody body = await bodies.ReadAsync(Request(second), Cancellation);

        Assert.True(body.Bytes.Span.SequenceEqual(second));
    }

    [Fact]
    public async Task A_byte_order_mark_is_left_out()
    {
        var bodies = new RequestBodies(64 * MiB, new FakeTimeProvider());
        using RequestBody body = await bodies.ReadAsync(Request([0xef, 0xbb, 0xbf, (byte)'{', (byte)'}']), Cancellation);

        Assert.Equal("{}"u8.ToArray(), body.Bytes.ToArray());
    }

    [Theory]
    [InlineData(64, RequestBodies.MaxBytes + 1)]
    [InlineData(8, (7 * MiB) + 1)]
    public async Task A_body_above_the_limit_is_refused_and_its_memory_is_given_back(int budget, int size)
    {
        var bodies = new RequestBodies(budget * MiB, new FakeTimeProvider());
        ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => bodies.ReadAsync(Request(new byte[size]), Cancellation));

        Assert.Equal(413, refusal.Error.Status);
        Assert.Equal((0, 0), (bodies.Small.UsedBytes, bodies.Large.UsedBytes));
    }

    [Fact]
    public async Task Where_others_hold_all_memory_a_body_is_refused_after_a_minute_with_a_time_to_come_back()
    {
        var time = new FakeTimeProvider();
        var bodies = new RequestBodies(4 * MiB, time);
        using RequestBody holder = await bodies.ReadAsync(Request(new byte[3 * MiB]), Cancellation);
        Task<RequestBody> waits = bodies.ReadAsync(Request(new byte[2 * MiB]), Cancellation);
        while (bodies.Large.WaitingCount == 0)
            await Task.Yield();
        time.Advance(RequestBodyBudget.WaitTimeout);
        ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => waits);

        Assert.Equal((503, "body_memory"), (refusal.Error.Status, refusal.Error.Code));
        Assert.NotNull(refusal.Error.RetryAfter);
        Assert.Contains("limits.maxBodyMemory", refusal.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Small_bodies_do_not_wait_behind_large_ones()
    {
        var bodies = new RequestBodies(4 * MiB, new FakeTimeProvider());
        using RequestBody holder = await bodies.ReadAsync(Request(new byte[3 * MiB]), Cancellation);
        Task<RequestBody> waits = bodies.ReadAsync(Request(new byte[2 * MiB]), Cancellation);
        using (RequestBody small = await bodies.ReadAsync(Request(new byte[1000]), Cancellation))
            Assert.Equal(1000, small.Length);

        Assert.False(waits.IsCompleted);
        holder.Dispose();
        (await waits).Dispose();
    }

    [Fact]
    public async Task Large_bodies_that_wait_hold_nothing_that_small_ones_need()
    {
        var bodies = new RequestBodies(4 * MiB, new FakeTimeProvider());
        RequestBody holder = await bodies.ReadAsync(Request(new byte[3 * MiB]), Cancellation);
        Task<RequestBody>[] waiting = [.. Enumerable.Range(0, 20).Select(_ => bodies.ReadAsync(Request(new byte[100_000]), Cancellation))];

        Assert.Equal((20, 0), (bodies.Large.WaitingCount, bodies.Small.UsedBytes));
        using (RequestBody small = await bodies.ReadAsync(Request(new byte[1000]), Cancellation))
            Assert.Equal(1000, small.Length);

        holder.Dispose();
        foreach (Task<RequestBody> body in waiting)
        {
            using RequestBody arrived = await body;
            Assert.Equal(100_000, arrived.Length);
        }

        Assert.Equal((0, 0), (bodies.Small.UsedBytes, bodies.Large.UsedBytes));
    }

    // Without a length, as with chunks.
    private static HttpRequest Request(byte[] body) => new DefaultHttpContext { Request = { Body = new MemoryStream(body) } }.Request;
}

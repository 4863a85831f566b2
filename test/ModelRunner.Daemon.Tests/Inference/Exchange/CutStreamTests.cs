using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>The last event of a stream whose runner failed.</summary>
public sealed class CutStreamTests
{
    private static readonly RunnerFailure Stalled = new(StopReason.Stalled, "its requests made no progress, so it was stopped");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_does_not_read_for_a_while_gets_the_error_event_with_the_reason()
    {
        long sent = 0;
        var time = new FakeTimeProvider();
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync($"data: {new string('x', 4000)}\n\n", context.RequestAborted);
                Interlocked.Add(ref sent, 4000);
            }
        });
        fixture.Time = time;
        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        // All buffers are full.
        long before = -1;
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                long now = Interlocked.Read(ref sent);
                return Task.FromResult(now == Interlocked.Exchange(ref before, now) && now > 0);
            },
            DaemonFixture.Patience);
        await fixture.EndRunnerAsync(Stalled);
        time.Advance(TimeSpan.FromSeconds(59));

        JsonElement error = await ReadErrorAsync(response);
        Assert.Equal(("answer_cut", "stalled"), (error.GetProperty("code").GetString(), error.GetProperty("reason").GetString()));
        Assert.Equal(ForwardOutcome.Cut, await fixture.Outcome);
    }

    [Fact]
    public async Task An_event_after_a_broken_connection_waits_for_the_reason()
    {
        using var seen = new SemaphoreSlim(0);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await seen.WaitAsync(DaemonFixture.Patience);
            context.Abort();
        });
        fixture.Time = new FakeTimeProvider();
        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        Task<JsonElement> reading = ReadErrorAsync(response);
        seen.Release();

        // The forwarder has seen the end of the connection before the pool sees that of the process.
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(fixture.Record!.Outcome == RequestOutcome.RunnerFailed), DaemonFixture.Patience);
        await fixture.EndRunnerAsync(new RunnerFailure(StopReason.Crashed, "signal 11"));

        Assert.Equal("crashed", (await reading).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_runner_that_was_stopped_on_request_has_no_reason()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(static async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        await fixture.EndRunnerAsync();

        Assert.False((await ReadErrorAsync(response)).TryGetProperty("reason", out _));
    }

    private static async Task<JsonElement> ReadErrorAsync(HttpResponseMessage response)
    {
        string[] events = (await response.Content.ReadAsStringAsync(Cancellation)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        using var last = JsonDocument.Parse(events[^1]["data: ".Length..]);
        return last.RootElement.GetProperty("error").Clone();
    }
}

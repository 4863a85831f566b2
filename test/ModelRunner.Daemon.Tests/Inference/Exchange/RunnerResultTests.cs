using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>What a request says about its runner, which decides where the next ones go.</summary>
public sealed class RunnerResultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_runner_that_ends_after_its_last_event_has_served_the_request()
    {
        const string Events = "data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: [DONE]\n\n";
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Events);
            await arrived.Task;
            context.Abort();
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        await using Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        byte[] first = new byte[Events.Length];
        await body.ReadExactlyAsync(first, Cancellation);
        arrived.SetResult();
        using var rest = new StreamReader(body);

        Assert.Equal((Events, ""), (System.Text.Encoding.UTF8.GetString(first), await rest.ReadToEndAsync(Cancellation)));
        Assert.Equal(ForwardOutcome.Completed, await fixture.Outcome);
        Assert.Equal(RequestResult.Served, fixture.Result);
    }

    [Theory]
    [InlineData(200, "Served")]
    [InlineData(400, "Served")]
    [InlineData(429, "Served")]
    [InlineData(500, "ServerError")]
    [InlineData(502, "RunnerFailed")]
    [InlineData(503, "RunnerFailed")]
    [InlineData(504, "RunnerFailed")]
    public async Task An_answer_is_passed_on_and_its_status_says_whether_the_runner_can_serve(int status, string result)
    {
        int requests = 0;
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(context =>
        {
            Interlocked.Increment(ref requests);
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("as it is");
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal((status, "as it is"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
        Assert.Equal(ForwardOutcome.Completed, await fixture.Outcome.WaitAsync(Patience, Cancellation));
        Assert.Equal((result, 1), (fixture.Result.ToString(), requests));
    }

    [Theory]
    [InlineData(true, "Served")]
    [InlineData(false, "Abandoned")]
    public async Task A_client_that_leaves_says_something_only_where_the_answer_had_begun(bool hasBegun, string result)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            if (hasBegun)
                await context.Response.WriteAsync("data: 1\n\n");
            arrived.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        using var leaving = new CancellationTokenSource();

        Task<HttpResponseMessage> pending = fixture.SendAsync("{}", leaving.Token);
        if (hasBegun)
            (await pending).Dispose();
        await arrived.Task.WaitAsync(Patience, Cancellation);
        await leaving.CancelAsync();

        Assert.Equal(ForwardOutcome.ClientLeft, await fixture.Outcome.WaitAsync(Patience, Cancellation));
        Assert.Equal(result, fixture.Result.ToString());
        await pending.ContinueWith(static _ => { }, Cancellation, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}

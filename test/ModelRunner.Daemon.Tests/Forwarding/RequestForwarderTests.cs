using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Forwarding;

namespace ModelRunner.Daemon.Tests.Forwarding;

public sealed class RequestForwarderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_runner_gets_the_body_and_nothing_of_the_client()
    {
        string? seen = null;
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            IEnumerable<string> headers = context.Request.Headers.Select(static header => $"{header.Key}={header.Value}");
            string shown = string.Join(' ', headers.Order(StringComparer.Ordinal));
            seen = $"{context.Request.Path}{context.Request.QueryString} {shown} {await reader.ReadToEndAsync()}";
        });

        using HttpResponseMessage response = await fixture.SendAsync("""{"a":"ä"}""", Cancellation, static request =>
        {
            request.Headers.Add("Accept", "text/event-stream");
            request.Headers.Add("Accept-Encoding", "gzip");
            request.Headers.Add("Authorization", "Bearer secret");
            request.Headers.Add("Cookie", "a=b");
            request.Headers.Add("User-Agent", "spy/1.0");
            request.Headers.Add("X-Forwarded-For", "10.1.2.3");
            request.Headers.Add("X-Conversation-Id", "keeps-generating");
            request.Headers.TransferEncodingChunked = true;
        });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        const string Headers = "Accept=text/event-stream Content-Length=10 Content-Type=application/json Host=runner-1";
        Assert.Equal($$"""/v1/chat/completions {{Headers}} {"a":"ä"}""", seen);
    }

    [Fact]
    public async Task Each_event_reaches_the_client_before_the_next_one_is_made()
    {
        using var next = new SemaphoreSlim(0);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (int i = 0; i < 5; i++)
            {
                await context.Response.WriteAsync($"data: {i}\n\n");
                await next.WaitAsync(Patience);
            }
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[1000];
        for (int i = 0; i < 5; i++)
        {
            int count = await stream.ReadAsync(buffer, Cancellation);
            Assert.Equal($"data: {i}\n\n", Encoding.UTF8.GetString(buffer, 0, count));
            next.Release();
        }

        Assert.Equal(0, await stream.ReadAsync(buffer, Cancellation));
        Assert.Equal("no-cache", response.Headers.CacheControl?.ToString());
        Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
        Assert.Equal(ForwardOutcome.Answered, await fixture.Outcome);
    }

    [Fact]
    public async Task What_a_runner_says_of_itself_stays_behind()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(static async context =>
        {
            context.Response.StatusCode = 501;
            context.Response.Headers.Server = "llama.cpp";
            context.Response.Headers.SetCookie = "a=b";
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers["X-Kept"] = "yes";
            await context.Response.WriteAsync("no");
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal((HttpStatusCode.NotImplemented, "no"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
        Assert.True(response.Headers.Contains("X-Kept"));
        Assert.DoesNotContain(response.Headers, static header => header.Key is "Set-Cookie" or "Access-Control-Allow-Origin");
        Assert.DoesNotContain("llama.cpp", response.Headers.Server.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_runners_work()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            await context.Response.WriteAsync("data: 1\n\n");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        response.Dispose();

        await left.Task.WaitAsync(Patience, Cancellation);
        Assert.Equal(ForwardOutcome.ClientLeft, await fixture.Outcome.WaitAsync(Patience, Cancellation));
    }

    [Fact]
    public async Task A_client_that_leaves_before_the_first_byte_ends_the_runners_work_too()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            arrived.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        using var leaving = new CancellationTokenSource();

        Task<HttpResponseMessage> pending = fixture.SendAsync("{}", leaving.Token);
        await arrived.Task.WaitAsync(Patience, Cancellation);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        await left.Task.WaitAsync(Patience, Cancellation);
        Assert.Equal(ForwardOutcome.ClientLeft, await fixture.Outcome.WaitAsync(Patience, Cancellation));
    }

    [Fact]
    public async Task A_runner_that_is_not_there_leaves_the_answer_to_the_caller()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(answer: null);

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal(418, (int)response.StatusCode);
        Assert.Equal(ForwardOutcome.NotReached, await fixture.Outcome);
    }

    [Fact]
    public async Task A_runner_that_ends_before_it_answers_leaves_the_answer_to_the_caller()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal(418, (int)response.StatusCode);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_never_taken_for_whole()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            await context.Response.WriteAsync("data: 1\n\n");
            await arrived.Task;
            context.Abort();
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        arrived.SetResult();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(ForwardOutcome.Cut, await fixture.Outcome);
    }

    [Fact]
    public async Task A_runner_that_is_stopped_cuts_the_answer()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(static async context =>
        {
            await context.Response.WriteAsync("data: 1\n\n");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        await fixture.EndRunnerAsync();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(ForwardOutcome.Cut, await fixture.Outcome);
    }

    [Fact]
    public async Task A_request_that_met_a_closing_idle_connection_is_sent_once_more()
    {
        int requests = 0;
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref requests) == 1)
                context.Abort();
            else
                await context.Response.WriteAsync("second");
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal("second", await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(2, requests);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_its_end_nobody_reads_the_body_any_more(bool isAnswered)
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(context =>
        {
            if (!isAnswered)
                context.Abort();
            return Task.CompletedTask;
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal(isAnswered ? ForwardOutcome.Completed : ForwardOutcome.RunnerFailed, await fixture.Outcome);
        Assert.Throws<ObjectDisposedException>(() => fixture.Body!.ReadByte());
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
        Assert.Equal(ForwardOutcome.Completed, await fixture.Outcome);
    }

    [Fact]
    public async Task What_a_runner_says_of_itself_stays_behind()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(static async context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.Server = "llama.cpp";
            context.Response.Headers.SetCookie = "a=b";
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers["X-Kept"] = "yes";
            await context.Response.WriteAsync("no");
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "no"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
        Assert.True(response.Headers.Contains("X-Kept"));
        Assert.DoesNotContain(response.Headers, static header => header.Key is "Set-Cookie" or "Access-Control-Allow-Origin");
        Assert.DoesNotContain("llama.cpp", response.Headers.Server.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compressed_events_pass_as_they_come()
    {
        using var seen = new SemaphoreSlim(0);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.WriteAsync("no line");
            await seen.WaitAsync(Patience);
            context.Abort();
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[1000];
        int count = await stream.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(Patience, Cancellation);
        seen.Release();

        Assert.Equal("no line", Encoding.UTF8.GetString(buffer, 0, count));
        await Assert.ThrowsAnyAsync<IOException>(() => stream.CopyToAsync(Stream.Null, Cancellation));
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
    public async Task A_server_that_accepts_no_connection_in_time_was_not_reached()
    {
        // A queue of length 0 holds one connection; the kernel drops the next ones.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var address = (IPEndPoint)listener.LocalEndPoint!;
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(address, Cancellation);
        await using ForwardingFixture fixture =
            await ForwardingFixture.StartAsync(RunnerEndpointFactory.ForAddress(new Uri($"http://{address}/")));

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
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
    public async Task A_request_that_the_runner_received_is_never_sent_again()
    {
        int requests = 0;
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref requests) == 1)
            {
                await context.Response.WriteAsync("first");
                return;
            }

            // Whoever reads the whole request may have begun to work on it.
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Abort();
        });
        using (HttpResponseMessage first = await fixture.SendAsync("{}", Cancellation))
            Assert.Equal("first", await first.Content.ReadAsStringAsync(Cancellation));

        using HttpResponseMessage second = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal(418, (int)second.StatusCode);
        Assert.Equal(RequestResult.RunnerFailed, fixture.Result);
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task A_request_whose_connection_is_closed_unread_is_sent_once_more()
    {
        int answered = 0;
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            Interlocked.Increment(ref answered);
            await RawRunner.WriteAsync(stream, RawRunner.Page("{}", "Content-Type: application/json\r\n"));
            return true;
        });
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(RunnerEndpointFactory.ForManaged(new RunnerId(1), runner.SocketPath, 8));
        using (HttpResponseMessage first = await fixture.SendAsync("", Cancellation))
            Assert.Equal(200, (int)first.StatusCode);

        runner.ClosesNextUnread = true;
        using HttpResponseMessage second = await fixture.SendAsync("", Cancellation);

        Assert.Equal(200, (int)second.StatusCode);
        Assert.Equal(2, answered);
        Assert.Equal(1, runner.ClosedUnread);
    }

    [Fact]
    public async Task A_stream_of_events_that_breaks_off_ends_with_an_event_that_says_so()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"a\":1}\n\ndata: {\"half\":");
            await arrived.Task;
            context.Abort();
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        arrived.SetResult();

        await CheckBrokenStreamAsync(response);
        Assert.Equal(ForwardOutcome.Cut, await fixture.Outcome);
        Assert.Equal(RequestResult.RunnerFailed, fixture.Result);
    }

    [Fact]
    public async Task A_stream_of_events_of_a_runner_that_is_stopped_ends_with_an_event_that_says_so()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"a\":1}\n\ndata: {\"half\":");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        await fixture.EndRunnerAsync();

        await CheckBrokenStreamAsync(response);
        await left.Task.WaitAsync(Patience, Cancellation);
        Assert.Equal(ForwardOutcome.Cut, await fixture.Outcome);
    }

    [Fact]
    public async Task A_long_event_without_a_line_end_passes()
    {
        string text = $"data: {new string('x', 3_000_000)}\n\ndata: [DONE]";
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(text);
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal(text, await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task A_runner_that_knows_its_model_by_another_name_is_asked_by_it_and_its_answers_have_the_canonical_one()
    {
        string? seen = null;
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen = await reader.ReadToEndAsync();
            bool isStream = seen.Contains("stream", StringComparison.Ordinal);
            context.Response.ContentType = isStream ? "text/event-stream" : "application/json";
            string answer = """{"id":"1","model":"Org/Model","choices":[{"model":"Org/Model"}]}""";
            answer = isStream ? $"data: {answer}\n\ndata: [DONE]\n\n" : answer;
            context.Response.ContentLength = answer.Length;
            await context.Response.WriteAsync(answer);
        });
        fixture.Endpoint = fixture.Endpoint with { ModelName = "Org/Model" };

        using HttpResponseMessage whole = await fixture.SendAsync("""{ "model" : "canonical", "n":1.0 }""", Cancellation);
        Assert.Equal("""{ "model" : "Org/Model", "n":1.0 }""", seen);
        Assert.Equal(
            """{"id":"1","model":"canonical:latest","choices":[{"model":"Org/Model"}]}""",
            await whole.Content.ReadAsStringAsync(Cancellation));

        using HttpResponseMessage stream = await fixture.SendAsync("""{"stream":true,"model":"canonical"}""", Cancellation);
        Assert.Equal("""{"stream":true,"model":"Org/Model"}""", seen);
        Assert.Equal(
            "data: {\"id\":\"1\",\"model\":\"canonical:latest\",\"choices\":[{\"model\":\"Org/Model\"}]}\n\ndata: [DONE]\n\n",
            await stream.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task CheckBrokenStreamAsync(HttpResponseMessage response)
    {
        string[] events = (await response.Content.ReadAsStringAsync(Cancellation)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: {\"a\":1}", events[0]);
        Assert.Equal(2, events.Length);
        using var last = JsonDocument.Parse(events[1]["data: ".Length..]);
        JsonElement error = last.RootElement.GetProperty("error");
        Assert.Equal(("server_error", "answer_cut"), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.False(string.IsNullOrEmpty(error.GetProperty("message").GetString()));
    }
}

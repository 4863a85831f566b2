using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Responses;

public sealed class ErrorHandlingTests
{
    [Fact]
    public async Task An_internal_error_does_not_show_its_details_to_the_client()
    {
        (DefaultHttpContext context, string body) = await RunAsync(
            static _ => throw new InvalidOperationException("/home/secret/file exploded"));

        Assert.Equal(500, context.Response.StatusCode);
        Assert.Contains("internal_error", body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_Kestrel_cannot_read_keeps_its_status()
    {
        (DefaultHttpContext context, string body) = await RunAsync(
            static _ => throw new BadHttpRequestException("Bad chunk size data.", 400));

        Assert.Equal(400, context.Response.StatusCode);
        Assert.Contains("Bad chunk size data.", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_disconnected_gets_no_response()
    {
        using var left = new CancellationTokenSource();
        (DefaultHttpContext context, string body) = await RunAsync(async context =>
        {
            context.RequestAborted = left.Token;
            await left.CancelAsync();
            left.Token.ThrowIfCancellationRequested();
        });

        Assert.Equal((499, ""), (context.Response.StatusCode, body));
    }

    [Fact]
    public async Task Headers_of_an_unfinished_response_are_removed()
    {
        (DefaultHttpContext context, _) = await RunAsync(static context =>
        {
            context.Response.Headers.ETag = "\"old\"";
            context.Response.Headers.Vary = "Origin";
            throw new ApiException(ApiError.Invalid("no"));
        });

        Assert.Equal((0, "Origin"), (context.Response.Headers.ETag.Count, context.Response.Headers.Vary.ToString()));
        Assert.Equal("no-store", context.Response.Headers.CacheControl.ToString());
    }

    [Theory]
    [InlineData(RefusalReason.StartFailed, null, 502, "runner_start_failed", "")]
    [InlineData(RefusalReason.Backoff, 0.1, 503, "runner_backoff", "1")]
    [InlineData(RefusalReason.QueueFull, 2.0, 503, "queue_full", "2")]
    [InlineData(RefusalReason.ModelQueueFull, 1.0, 503, "model_queue_full", "1")]
    [InlineData(RefusalReason.QueueTimeout, 2.1, 503, "queue_timeout", "3")]
    [InlineData(RefusalReason.OutOfMemory, null, 503, "out_of_memory", "")]
    [InlineData(RefusalReason.Unloading, 1.0, 503, "unloading", "1")]
    [InlineData(RefusalReason.ShuttingDown, 60.0, 503, "shutting_down", "60")]
    public async Task A_refusal_has_Retry_After(RefusalReason reason, double? seconds, int status, string code, string retryAfter)
    {
        TimeSpan? wait = seconds is { } value ? TimeSpan.FromSeconds(value) : null;
        (DefaultHttpContext context, string body) = await RunAsync(
            _ => throw new ApiException(ApiErrors.OfRefusal(new Refuse(new RequestId(1), reason, "why \"so\"", wait), new CauseText([]))));

        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.Equal((status, code), (context.Response.StatusCode, error.GetProperty("code").GetString()));
        Assert.Equal("why \"so\"", error.GetProperty("message").GetString());
        Assert.Equal(retryAfter, context.Response.Headers.RetryAfter.ToString());
    }

    private static async Task<(DefaultHttpContext Context, string Body)> RunAsync(RequestDelegate next)
    {
        var body = new MemoryStream();
        var context = new DefaultHttpContext { Response = { Body = body } };
        await new ErrorHandling(next, NullLogger<ErrorHandling>.Instance).InvokeAsync(context);
        return (context, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}

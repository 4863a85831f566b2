using System.Text;
using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>The forwarder before a runner that reports the token counts of a stream only on request.</summary>
public sealed class UsageForwardingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("Text/Event-Stream; charset=utf-8")]
    public async Task Counts_that_the_client_did_not_ask_for_are_removed_and_nothing_else_waits(string type)
    {
        (string Sent, string Passed)[] parts =
        [
            ("data: {\"choices\":[{}]}\n\n", "data: {\"choices\":[{}]}\n\n"), (": keep-alive\n\n", ": keep-alive\n\n"),
            ("data: {\"choices\":[],\"usage\":{}}\n\ndata: {}\n\n", "data: {}\n\n"), ("data: [DONE]", "data: [DONE]"),
        ];
        using var next = new SemaphoreSlim(0);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = type;
            foreach ((string sent, _) in parts)
            {
                await context.Response.WriteAsync(sent);
                if (sent != parts[^1].Sent)
                    await next.WaitAsync(Patience);
            }
        });
        fixture.Endpoint = fixture.Endpoint with { RequestsUsage = true };

        using HttpResponseMessage response = await fixture.SendAsync("""{"stream":true}""", Cancellation);
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[1000];
        foreach ((_, string passed) in parts)
        {
            int count = await stream.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(Patience, Cancellation);
            Assert.Equal(passed, Encoding.UTF8.GetString(buffer, 0, count));
            next.Release();
        }

        Assert.Equal(0, await stream.ReadAsync(buffer, Cancellation));
        Assert.Equal(ForwardOutcome.Completed, await fixture.Outcome);
    }
}

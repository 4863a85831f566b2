using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>By which name a runner is asked, and when a stream that ended counts as whole.</summary>
public sealed class FullAnswerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_runner_that_the_daemon_started_is_asked_by_the_full_name()
    {
        string? seen = null;
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen = await reader.ReadToEndAsync();
        });

        using HttpResponseMessage response = await fixture.SendAsync("""{ "input":"x", "model" : "Canonical" }""", Cancellation);

        Assert.Equal("""{ "input":"x", "model" : "canonical:latest" }""", seen);
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}}]}\n\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\": \"stop\"}]}\n\n", false)]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":null}]}\n\ndata: [DONE]", false)]
    [InlineData("data: {\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"full\"}}\n\n", false)]
    [InlineData("data: {\"other\":1}\n\n", false)]
    public async Task A_stream_of_choices_without_an_end_is_not_whole_although_its_connection_ended_well(string events, bool isCut)
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(events);
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        string answer = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.StartsWith(events, answer, StringComparison.Ordinal);
        Assert.Equal(isCut, answer.Contains("answer_cut", StringComparison.Ordinal));
        Assert.Equal(isCut ? ForwardOutcome.Cut : ForwardOutcome.Completed, await fixture.Outcome);
    }
}

using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>A response that is cut because its runner is stopped on request: the client reads why, and the runner is not blamed.</summary>
public sealed class StoppedResponseTests
{
    private const string Route = "v1/chat/completions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("unloaded", "the model was unloaded")]
    [InlineData("shutdown", "the daemon ends")]
    public async Task Its_error_says_why(string reason, string cause)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{ "limits": { "drainTimeout": "1s", "stopGrace": "1s" } }""",
        }.WithFaults("""{"token_delay_ms": 500}"""));
        using HttpResponseMessage stream = await daemon.StreamAsync(Route, Chat(isStream: true));
        Task<(int Status, JsonElement Body)> plain = daemon.PostAsync(Route, Chat(isStream: false));
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync()).Any(static runner => runner.GetProperty("in_flight").GetInt32() == 2), DaemonFixture.Patience);

        if (reason == "shutdown")
            await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        else
            await daemon.PostAsync("engines/unload", """{"all": true}""");
        string[] events = (await stream.Content.ReadAsStringAsync(Cancellation)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        (int status, JsonElement body) = await plain;

        using var last = JsonDocument.Parse(events[^1]["data: ".Length..]);
        Check(last.RootElement, reason, $"the response was cut off: {cause}; send the request again");
        Assert.Equal(503, status);
        Check(body, reason, $"the response of \"tiny-chat:latest\" in mode completion was cut off: {cause}; send the request again");
    }

    private static void Check(JsonElement body, string reason, string message)
    {
        JsonElement error = body.GetProperty("error");
        Assert.Equal(
            ("answer_cut", reason, message),
            (error.GetProperty("code").GetString(), error.GetProperty("reason").GetString(), error.GetProperty("message").GetString()));
    }

    private static string Chat(bool isStream) =>
        $$"""{"model":"tiny-chat","messages":[],"max_tokens":1000,"stream":{{(isStream ? "true" : "false")}}}""";
}

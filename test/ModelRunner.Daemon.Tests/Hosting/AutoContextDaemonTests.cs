using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary><c>contextSize</c> is <c>auto</c>, in the real daemon.</summary>
public sealed class AutoContextDaemonTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Context = "model_runner_context_tokens";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1GiB", 2048)]
    [InlineData("58MiB", 1024)]
    public async Task The_chosen_context_is_in_the_arguments_on_the_page_in_ps_in_the_log_and_in_the_decision(string memory, int expected)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""{ "models": { "tiny-chat": { "contextSize": "auto" } }, "limits": { "memory": "{{memory}}" }, "metrics": { "minInterval": "0s" } }""",
        });
        (int status, System.Text.Json.JsonElement body) = await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.True(status == 200, body.ToString());

        System.Text.Json.JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        string[] arguments = [.. runner.GetProperty("arguments").EnumerateArray().Select(static item => item.GetString()!)];
        Assert.Equal($"{expected * 4}", arguments[Array.IndexOf(arguments, "--ctx-size") + 1]);
        Assert.Equal(expected, runner.GetProperty("context_tokens").GetInt32());
        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
        Assert.Equal((expected, expected), (page.Sum(Context, "kind=\"configured\""), page.Sum(Context, "kind=\"effective\"")));
        Assert.Contains(
            $"its context is {expected} of 2048 tokens (auto)",
            await daemon.Client.GetStringAsync(new Uri("engines/decisions", UriKind.Relative), Cancellation), StringComparison.Ordinal);
        await daemon.WaitForLogAsync($"The context of tiny-chat:latest is {expected} of 2048 tokens: as many as fit now (contextSize is auto).");
        (_, string table, _) = await daemon.RunClientAsync(daemon.FolderPath, "ps");
        Assert.Matches($"CONTEXT[^\n]*\n[^\n]*{expected}", table);
    }

    [Fact]
    public async Task A_model_that_does_not_fit_with_the_least_context_is_refused()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{ "models": { "tiny-chat": { "contextSize": "auto" } }, "limits": { "memory": "20MiB" } }""",
        });
        (int status, System.Text.Json.JsonElement body) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(503, status);
        Assert.EndsWith(
            "it does not fit with one slot and 512 tokens of context either", body.GetProperty("error").GetProperty("message").GetString(),
            StringComparison.Ordinal);
    }
}

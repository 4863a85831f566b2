using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>What a real engine uses, against what was configured.</summary>
public sealed class ReceiptTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"Hello"}],"max_tokens":2}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, 2048, "engine=\"llama-server\",engine_version=\"b[0-9]+-.+\"")]
    [InlineData(false, 4096, "engine=\"llama-host\",engine_version=\"llama-host-.+\"")]
    public async Task The_context_in_effect_and_the_version_are_those_of_the_engine(bool isServer, int expected, string version)
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(
            isServer ? RealLlamaServer.Require() : null,
            new DaemonSetup { Configuration = """{ "models": { "tiny-chat": { "contextSize": 4096 } } }""" });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        string labels = Page.Labels("tiny-chat", "completion").TrimEnd('}');
        Assert.Equal(4096, Page.Value(page, $"model_runner_context_tokens{labels},kind=\"configured\"}}"));
        Assert.Equal(expected, Page.Value(page, $"model_runner_context_tokens{labels},kind=\"effective\"}}"));
        Assert.Matches($"\nmodel_runner_model_info{{[^}}]*,{version}}} 1\n", page);
        if (expected < 4096)
            await daemon.WaitForLogAsync("the context is 2048 tokens instead of 4096");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_response_that_ended_because_the_context_was_full_is_truncated_and_one_with_max_tokens_is_not(bool isStream)
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(
            RealLlamaServer.Require(), new DaemonSetup { Configuration = """{ "models": { "tiny-chat": { "contextSize": 256 } } }""" });
        string full = Chat.Replace("2}", $"400,\"ignore_eos\":true,\"stream\":{(isStream ? "true" : "false")}}}", StringComparison.Ordinal);
        string limited = full.Replace("400", "100", StringComparison.Ordinal);
        foreach ((string body, int expected) in (IEnumerable<(string, int)>)[(limited, 0), (full, 1), (limited, 1), (full, 2)])
        {
            using HttpResponseMessage response = await daemon.SendAsync("v1/chat/completions", body, HttpCompletionOption.ResponseContentRead, Cancellation);
            Assert.Equal(200, (int)response.StatusCode);
            string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            string line = $"model_runner_truncated_responses_total{Page.Labels("tiny-chat", "completion")}";
            Assert.Equal(expected, page.Contains(line, StringComparison.Ordinal) ? Page.Value(page, line) : 0);
            if (!isStream)
                Assert.Equal(
                    body == full, Assert.Single(response.Headers.GetValues("X-Model-Runner-Usage")).EndsWith(", truncated", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_slots_of_llama_server_are_shown()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RealLlamaServer.Require());
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        string page = "";
        await DaemonFixture.WaitUntilAsync(
            async () => (page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation))
                .Contains("\nmodel_runner_slots_busy{", StringComparison.Ordinal),
            DaemonFixture.Patience);

        string labels = Page.Labels("tiny-chat", "completion");
        Assert.InRange(Page.Value(page, $"model_runner_slots_busy{labels}"), 0, 1);
        Assert.InRange(Page.Value(page, $"model_runner_context_tokens_used{labels}"), 5, 100);
    }

    [Fact]
    public async Task Layers_for_a_graphics_card_that_is_not_used_are_reported()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(
            RealLlamaServer.Require(),
            new DaemonSetup { Configuration = """{ "models": { "tiny-chat": { "args": ["-ngl", "99", "--device", "none"] } } }""" });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());

        Assert.Equal(("CPU", 0), (runner.GetProperty("devices").GetString(), runner.GetProperty("offload_ratio").GetInt32()));
        await daemon.WaitForLogAsync("got less than it is configured for: no layer is on a graphics card");
    }
}

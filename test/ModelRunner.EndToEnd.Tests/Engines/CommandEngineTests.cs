using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>The real llama-server as an engine of the configuration, in a daemon whose own engine is the embedded one.</summary>
public sealed class CommandEngineTests
{
    [Theory]
    [InlineData("--host", "{socket}")]
    [InlineData("--port", "{port}")]
    public async Task A_real_server_is_started_by_its_command_answers_and_is_scraped(string argument, string placeholder)
    {
        string server = RealLlamaServer.Require();
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(null, new DaemonSetup
        {
            Configuration = $$"""
                {
                  "engines": {
                    "other": {
                      "command": ["{{server}}", "--model", "{path}", "--alias", "{name}", "{{argument}}", "{{placeholder}}", "--metrics", "-c", "512"],
                      "metrics": "/metrics"
                    }
                  },
                  "models": { "otter:7b": { "engine": "other", "mode": "completion", "path": "tiny-chat.gguf" } }
                }
                """,
        });

        (int status, JsonElement answer) = await daemon.PostAsync(
            "v1/chat/completions", """{"model":"otter:7b","messages":[{"role":"user","content":"hello"}],"max_tokens":3}""");

        Assert.Equal((200, "otter:7b"), (status, answer.GetProperty("model").GetString()));
        int tokens = answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains(
            $$"""llamacpp:tokens_predicted_total{backend="other",model="otter:7b",mode="completion"} {{tokens}}""", page, StringComparison.Ordinal);
        Assert.Equal("other", Assert.Single(await daemon.RunnersAsync()).GetProperty("engine").GetString());
        (_, JsonElement unloaded) = await daemon.PostAsync("engines/unload", """{"models":["otter:7b"]}""");
        Assert.Equal(1, unloaded.GetProperty("unloaded_runners").GetInt32());
    }
}

using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The memory of engines of the configuration in the real daemon. Their program is the stub.</summary>
public sealed class CommandEngineMemoryTests
{
    private const long Mebibyte = 1 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_configured_counts_for_the_limit_of_memory()
    {
        await using DaemonFixture daemon = await StartAsync(
            """, "memory": "600MiB" """, """ "a": { ENGINE }, "b": { ENGINE, "memory": 524288000 }, "c": { ENGINE, "memory": "2GiB" } """,
            """, "limits": { "memory": "1GiB" } """);
        Assert.Equal(200, await AskAsync(daemon, "a"));
        JsonElement start = await DecisionAsync(daemon, "a", "start");
        Assert.Equal(600 * Mebibyte, start.GetProperty("needed_bytes").GetInt64());
        Assert.Contains("it needs 600 MiB (configured)", start.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(600 * Mebibyte, Assert.Single(await daemon.RunnersAsync()).GetProperty("memory_estimate_bytes").GetInt64());

        Assert.Equal(200, await AskAsync(daemon, "b"));
        Assert.Equal("b:latest", (await DecisionAsync(daemon, "a", "stop")).GetProperty("other_model").GetString());

        (int status, JsonElement refusal) = await daemon.PostAsync("v1/chat/completions", Body("c"));
        Assert.Equal(503, status);
        string message = refusal.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains("\"c:latest\" needs about 2048 MiB, and the limit for all models together is 1024 MiB", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_value_the_memory_is_not_known_before_the_first_load_and_measured_after_it()
    {
        await using DaemonFixture daemon = await StartAsync("", """ "a": { ENGINE, "path": "a.gguf" } """, """, "metrics": { "minInterval": "0s" } """);
        Assert.Equal(200, await AskAsync(daemon, "a"));
        Assert.Equal(JsonValueKind.Null, Assert.Single(await daemon.RunnersAsync()).GetProperty("memory_estimate_bytes").ValueKind);
        (_, string ps, _) = await daemon.RunClientAsync(daemon.FolderPath, "ps");
        Assert.Contains("not known", ps, StringComparison.Ordinal);
        (_, string why, _) = await daemon.RunClientAsync(daemon.FolderPath, "why", "a");
        Assert.Contains("its memory is not known before its first load", why, StringComparison.Ordinal);
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
                return Assert.Single(await daemon.RunnersAsync()).TryGetProperty("memory_peak_bytes", out JsonElement peak) && peak.GetInt64() > 100 * Mebibyte;
            },
            DaemonFixture.Patience);

        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Equal(200, await AskAsync(daemon, "a"));
        JsonElement start = await DecisionAsync(daemon, "a", "start");
        Assert.InRange(start.GetProperty("needed_bytes").GetInt64(), 100 * Mebibyte, 400 * Mebibyte);
        Assert.Contains("(measured in 1 earlier load)", start.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.True(Assert.Single(await daemon.RunnersAsync()).GetProperty("memory_estimate_bytes").GetInt64() > 100 * Mebibyte);
    }

    [Theory]
    [InlineData("""{ "engines": { "x": { "command": ["x", "{socket}"], "memory": "much" } } }""", "\"much\" is not a size from 1MiB to 1024TiB")]
    [InlineData("""{ "engines": { "x": { "command": ["x", "{socket}"], "memory": 7 } } }""", "\"7\" is not a whole number from 1048576 to")]
    [InlineData("""{ "models": { "otter": { "memory": "1GiB" } } }""", "is of no use without engine")]
    public async Task A_value_that_is_no_size_is_refused(string configuration, string problem)
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Configuration = configuration });
        Assert.NotEqual(0, exitCode);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    private static string Body(string model) => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}],"max_tokens":2}""";

    private static async Task<int> AskAsync(DaemonFixture daemon, string model) => (await daemon.PostAsync("v1/chat/completions", Body(model))).Status;

    private static async Task<JsonElement> DecisionAsync(DaemonFixture daemon, string model, string kind) =>
        (await daemon.GetAsync($"engines/decisions?model={model}")).GetProperty("decisions").EnumerateArray()
            .First(decision => decision.GetProperty("decision").GetString() == kind && decision.GetProperty("model").GetString() == $"{model}:latest");

    private static Task<DaemonFixture> StartAsync(string engine, string models, string more) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            {
              "engines": { "vllm": { "command": ["{{StubProcess.ExecutablePath}}", "--host", "{socket}", "--model", "{path}", "--metrics"] {{engine}} } },
              "models": { {{models.Replace("ENGINE", "\"engine\": \"vllm\", \"mode\": \"completion\", \"path\": \"x.gguf\"", StringComparison.Ordinal)
                  .Replace("\"path\": \"x.gguf\", \"path\"", "\"path\"", StringComparison.Ordinal)}} } {{more}}
            }
            """,
        Faults = new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = """{"memory_mib": 100}""" },
    });
}

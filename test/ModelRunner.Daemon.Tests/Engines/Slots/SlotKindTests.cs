using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines.Slots;

/// <summary>Which kinds of models the self-test accepts, and what a restored context is worth for them, with the real llama-server.</summary>
public sealed class SlotKindTests : IDisposable
{
    private const int Words = 900;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen3moe")]
    [InlineData("deepseek2")]
    [InlineData("gemma3")]
    [InlineData("mamba")]
    [InlineData("lfm2")]
    public async Task The_contexts_of_a_kind_that_passes_the_self_test_are_restored(string kind)
    {
        Directory.CreateDirectory(_folder.PathOf("models"));
        _folder.Write("models/kind.gguf", ShapeModels.Build(kind));
        var setup = new DaemonSetup
        {
            Configuration = """{ "kvCache": { "persist": true }, "models": { "kind": { "contextSize": 4096, "args": "--parallel 1" } } }""",
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = RealLlamaServer.Require() },
            Folder = _folder,
        };
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(setup);
        string prompt = string.Concat(Enumerable.Range(0, Words).Select(static number => string.Create(CultureInfo.InvariantCulture, $" t{number % 50}")));
        JsonElement first = await AskAsync(daemon, prompt);
        string answer = first.GetProperty("choices")[0].GetProperty("text").GetString()!;
        JsonElement slots = Assert.Single(await daemon.RunnersAsync()).GetProperty("kv_cache");
        await daemon.PostAsync("engines/unload", """{"all":true}""");

        // The next request of a conversation.
        JsonElement next = await AskAsync(daemon, prompt + answer + " t1 t2 t3");
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {slots} first {first.GetProperty("timings")} next {next.GetProperty("timings")}");
        Assert.True(slots.GetProperty("persisted").GetBoolean(), slots.ToString());
        Assert.True(next.GetProperty("timings").GetProperty("cache_n").GetInt32() >= 800);
    }

    private static async Task<JsonElement> AskAsync(DaemonFixture daemon, string prompt)
    {
        var body = new StringBuilder("{\"model\":\"kind\",\"max_tokens\":4,\"temperature\":0,\"prompt\":\"").Append(prompt).Append("\"}");
        (int status, JsonElement answer) = await daemon.PostAsync("v1/completions", body.ToString());
        Assert.True(status == 200, answer.ToString());
        return answer;
    }
}

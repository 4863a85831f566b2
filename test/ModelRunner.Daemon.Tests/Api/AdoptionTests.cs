using System.Text.Json;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>A pull of a real daemon from a real registry, while another tool has the file already.</summary>
public sealed class AdoptionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_model_that_Ollama_has_is_not_downloaded_and_gets_a_second_name()
    {
        RegistryModel model = RegistryModel.MakeTinyChat();
        byte[] weights = model.Layer;
        using var tools = new TemporaryFolder();
        tools.AddToOllama("registry.ollama.ai/library/tiny/latest", [("model", weights)]);
        string blob = Directory.EnumerateFiles(tools.PathOf("ollama/blobs")).Single(path => new FileInfo(path).Length == weights.Length);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_SOURCES"] = "ollama", ["OLLAMA_MODELS"] = tools.PathOf("ollama"),
            },
        });
        string name = $"{registry.Host}/{model.Repository}:{model.Tag}";

        string stream = string.Join('\n', await daemon.PullAsync(name));

        Assert.True(stream.Contains("\"message\":\"found in ollama: ", StringComparison.Ordinal), stream);
        Assert.Contains("not downloaded: found in ollama\"", stream, StringComparison.Ordinal);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.Contains($"model_runner_pull_bytes_total {model.Config.Length}\n", page, StringComparison.Ordinal);
        foreach ((string source, int config) in ((string, int)[])[("pulled", model.Config.Length), ("ollama", """{"model_format":"gguf"}""".Length)])
        {
            Assert.Contains($"model_runner_store_models{{source=\"{source}\"}} 1\n", page, StringComparison.Ordinal);
            Assert.Contains($"model_runner_store_bytes{{source=\"{source}\"}} {weights.Length + config}\n", page, StringComparison.Ordinal);
        }

        JsonElement dmr = Assert.Single((await daemon.GetAsync("models")).EnumerateArray(), listed =>
            listed.GetProperty("tags").EnumerateArray().Any(tag => tag.GetString() == "ollama/tiny:latest"));
        Assert.Contains(name, dmr.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()));
        (int status, JsonElement _) = await daemon.PostAsync(
            "v1/chat/completions", $$"""{"model":"ollama/tiny","messages":[{"role":"user","content":"hello"}]}""");
        Assert.Equal(200, status);

        // Its space is Ollama's, but for the two configurations.
        JsonElement df = await daemon.GetAsync("engines/df");
        JsonElement shown = Assert.Single(df.GetProperty("models").EnumerateArray(), static shown => shown.GetProperty("origins")[0].GetString() != "store");
        Assert.InRange(shown.GetProperty("bytes").GetInt64() - shown.GetProperty("shared_bytes").GetInt64(), 1, 16_384);
        Assert.InRange(shown.GetProperty("shared_bytes").GetInt64(), weights.Length, weights.Length + 4096);
        (int _, JsonElement pruned) = await daemon.PostAsync("models/prune?unusedFor=0s&dryRun=true", "");
        Assert.InRange(pruned.GetProperty("freed_bytes").GetInt64(), 0, 10_000);

        using HttpResponseMessage removed = await daemon.Client.DeleteAsync(new Uri($"models/{name}?force=true", UriKind.Relative), Token);
        Assert.True(removed.IsSuccessStatusCode);
        Assert.Equal(weights, await File.ReadAllBytesAsync(blob, Token));
    }

    [Fact]
    public async Task A_model_that_LM_Studio_has_is_copied_also_if_its_folder_was_moved()
    {
        RegistryModel model = RegistryModel.MakeTinyChat();
        using var home = new TemporaryFolder();
        home.Write(".lmstudio-home-pointer", home.PathOf("moved"));
        home.Write("moved/models/lab/tiny/tiny.gguf", model.Layer);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_SOURCES"] = "lmstudio", ["HOME"] = home.Path },
        });

        string stream = string.Join('\n', await daemon.PullAsync($"{registry.Host}/{model.Repository}:{model.Tag}"));

        Assert.Contains("not downloaded: found in lmstudio\"", stream, StringComparison.Ordinal);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.Contains($"model_runner_pull_bytes_total {model.Config.Length}\n", page, StringComparison.Ordinal);
    }
}

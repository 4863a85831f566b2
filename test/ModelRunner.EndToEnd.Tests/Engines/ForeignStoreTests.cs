using System.Text;
using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>Models in the stores of other tools, served by real engines.</summary>
public sealed class ForeignStoreTests : IDisposable
{
    private const string Library = "registry.ollama.ai/library";

    private readonly TemporaryFolder _home = new();
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_of_each_tool_is_listed_and_answers(bool isLlamaServer)
    {
        byte[] chat = Read("tiny-chat"), embedding = Read("tiny-embed");
        _home.AddToHuggingFace("Lab/Otter-GGUF", "Otter-Q8_0.gguf", chat);
        _home.Write(".cache/llama.cpp/lab_Wren_GGUF_wren.gguf", Different(chat, 1));
        _home.Write(".cache/llama.cpp/manifest=lab=Wren_GGUF=latest.json", """{"ggufFile":{"rfilename":"wren.gguf"}}""");
        _home.AddToOllama($"{Library}/finch/1b", [("model", Different(chat, 2)), ("params", """{"num_ctx":256,"temperature":0.1}"""u8.ToArray())]);
        _home.AddToOllama($"{Library}/otter/latest", [("model", chat)]);
        _home.AddToOllama($"{Library}/cloud/latest", [], """{"remote_host":"https://ollama.com"}""");
        _home.Write("moved/models/zoo/Lark/lark.gguf", embedding);
        _home.Write("moved/models/zoo/Lark-Chat/Lark-Q8_0.gguf", Different(chat, 3));
        _home.Write(".lmstudio-home-pointer", _home.PathOf("moved"));
        await AddToDockerAsync(Different(chat, 4), Different(chat, 5));

        await using DaemonFixture daemon = await StartAsync(isLlamaServer);

        (string Asked, string Meant)[] chats =
        [
            ("hf.co/Lab/Otter-GGUF:Q8_0", "huggingface.co/lab/otter-gguf:Q8_0"), ("otter", "huggingface.co/lab/otter-gguf:Q8_0"),
            ("wren_gguf", "llama.cpp/lab/wren_gguf:latest"), ("finch", "ollama/finch:1b"),
            ("zoo/lark-chat", "lmstudio/zoo/lark-chat:Q8_0"), ("ai/dipper", "ai/dipper:latest"),
        ];
        foreach ((string asked, string meant) in chats)
        {
            (int status, JsonElement body) = await ChatAsync(daemon, asked);
            Assert.True(status == 200, body.ToString());
            Assert.Equal((meant, 3), (body.GetProperty("model").GetString(), body.GetProperty("usage").GetProperty("completion_tokens").GetInt32()));
        }

        (int embedded, JsonElement vectors) = await daemon.PostAsync("v1/embeddings", """{"model":"zoo/lark","input":"a"}""");
        Assert.True(embedded == 200, vectors.ToString());
        (int refused, JsonElement error) = await ChatAsync(daemon, "cloud");
        Assert.NotEqual(200, refused);
        Assert.Contains("runs in the cloud of Ollama", error.ToString(), StringComparison.Ordinal);

        await CheckListsAsync(daemon);
        JsonElement finch = Assert.Single(await daemon.RunnersAsync(), static runner => runner.GetProperty("model_name").GetString() == "ollama/finch:1b");
        Assert.Equal(256, finch.GetProperty("context_tokens").GetInt32());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_for_the_engine_of_Ollama_is_explained(bool isLlamaServer)
    {
        byte[] file = Read("tiny-chat");
        byte[] text = "general.architecture"u8.ToArray();
        int value = file.AsSpan().IndexOf(text) + text.Length + sizeof(int) + sizeof(long);
        "llbma"u8.CopyTo(file.AsSpan(value));
        _home.AddToOllama($"{Library}/gptoss/20b", [("model", file)]);

        await using DaemonFixture daemon = await StartAsync(isLlamaServer);
        (int status, JsonElement body) = await ChatAsync(daemon, "gptoss");

        Assert.NotEqual(200, status);
        Assert.Contains("may be built for Ollama's engine", body.ToString(), StringComparison.Ordinal);
    }

    private async Task<DaemonFixture> StartAsync(bool isLlamaServer) => await DemoDaemon.StartAsync(
        isLlamaServer ? RealLlamaServer.Require() : null,
        new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["HOME"] = _home.Path, ["HF_HOME"] = _home.Path, ["MODEL_RUNNER_SOURCES"] = "all", ["XDG_CACHE_HOME"] = null,
                ["HF_HUB_CACHE"] = null, ["HUGGINGFACE_HUB_CACHE"] = null, ["LLAMA_CACHE"] = null, ["OLLAMA_MODELS"] = _home.PathOf("ollama"),
            },
        });

    private static Task<(int Status, JsonElement Body)> ChatAsync(DaemonFixture daemon, string model) => daemon.PostAsync(
        "v1/chat/completions", $$"""{"model":"{{model}}","max_tokens":3,"messages":[{"role":"user","content":"Count."}]}""");

    private static async Task CheckListsAsync(DaemonFixture daemon)
    {
        JsonElement otter = (await daemon.GetAsync("models")).EnumerateArray()
            .First(static model => model.GetProperty("tags")[0].GetString()!.StartsWith("huggingface", StringComparison.Ordinal));
        Assert.Equal("huggingface.co/lab/otter-gguf:Q8_0,ollama/otter:latest", string.Join(',', otter.GetProperty("tags").EnumerateArray()));
        JsonElement list = await daemon.GetAsync("v1/models");
        Assert.Equal("docker 1,huggingface 1,llama.cpp 1,ollama 2,lmstudio 2", string.Join(',', list.GetProperty("sources").EnumerateArray()
            .Select(static source => $"{source.GetProperty("source")} {source.GetProperty("models")}")));

        (_, string table, string warnings) = await daemon.RunClientAsync(daemon.FolderPath, "ls");
        Assert.Matches("huggingface.co/lab/otter-gguf:Q8_0 .* huggingface, ollama +ollama/otter:latest *\n", table);
        Assert.Contains("\"ollama/cloud:latest\" runs in the cloud of Ollama", warnings, StringComparison.Ordinal);
        (_, string status, _) = await daemon.RunClientAsync(daemon.FolderPath, "status");
        Assert.Matches("(?m)^ollama +2 *$", status);
    }

    // The layout of Docker Model Runner, with a file that no model of the list has.
    private async Task AddToDockerAsync(byte[] weights, byte[] unlisted)
    {
        RegistryModel model = RegistryModel.Make(weights);
        string root = ".docker/models";
        foreach (byte[] blob in (byte[][])[weights, model.Config, unlisted])
            _home.Write($"{root}/blobs/sha256/{ForeignStores.HexOf(blob)}", blob);
        _home.Write($"{root}/manifests/sha256/{ForeignStores.HexOf(model.Manifest)}", model.Manifest);
        _home.Write($"{root}/layout.json", """{"version":"1.0.0"}""");
        await File.WriteAllTextAsync(_home.PathOf($"{root}/models.json"), $$"""
            {"models":[{"id":"{{model.ManifestDigest}}","tags":["docker.io/ai/dipper:latest"],"files":["{{model.LayerDigest}}","{{model.ConfigDigest}}"]}]}
            """);
    }

    private static byte[] Read(string model) => File.ReadAllBytes(Path.Join(Repository.Root, "models", $"{model}.gguf"));

    // Bytes after the last tensor belong to no part of the file, so the model is the same and its digest is not.
    private static byte[] Different(byte[] model, int number) => [.. model, .. Encoding.ASCII.GetBytes(new string('x', number))];
}

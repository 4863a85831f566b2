using System.Text;
using ModelRunner.Store.Foreign;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Foreign;

public sealed class OllamaStoreTests : IDisposable
{
    private const string Library = "registry.ollama.ai/library";
    private static readonly byte[] Weights = "GGUF weights"u8.ToArray();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Models_are_listed_with_their_parts_and_other_hosts_in_full()
    {
        _folder.AddToOllama($"{Library}/otter/7b", [("model", Weights), ("template", "{{ .Prompt }}"u8.ToArray()), ("license", "MIT"u8.ToArray())]);
        _folder.AddToOllama("registry.ollama.ai/ada/finch/latest", [("model", Weights), ("projector", "eyes"u8.ToArray()), ("adapter", "lora"u8.ToArray())]);
        _folder.AddToOllama("hf.co/Lab/Otter-GGUF/Q4_K_M", [("model", Weights), ("system", "Be brief."u8.ToArray())]);

        ForeignListing found = List();

        Assert.Equal(
            ["ollama/hf.co/Lab/Otter-GGUF:Q4_K_M", "ollama/ada/finch:latest", "ollama/otter:7b"], found.Models.Select(static model => model.Name));
        Assert.All(found.Models, static model => Assert.Equal((null, $"sha256:{ForeignStores.HexOf(Weights)}"), (model.Problem, Assert.Single(model.Digests).ToString())));
        Assert.Equal([_folder.PathOf($"ollama/blobs/sha256-{ForeignStores.HexOf(Weights)}")], found.Models[2].Shards);
        Assert.Equal([BlobOf("eyes")], found.Models[1].Projectors);
        Assert.Equal([BlobOf("lora")], found.Models[1].Adapters);
        Assert.Equal(["system prompt"], found.Models[0].Unused);
        Assert.Equal(["template"], found.Models[2].Unused);
    }

    [Fact]
    public void Parameters_become_arguments_where_llama_server_has_one()
    {
        Give("""
             {"num_ctx":8192,"num_gpu":0,"num_thread":2,"num_batch":256,"num_keep":4,"use_mmap":false,"main_gpu":1,"temperature":0.7,"top_k":40,
              "top_p":0.9,"min_p":0.05,"repeat_penalty":1.1,"seed":7,"num_predict":-1,"stop":["<|end|>"],"unknown":1}
             """);

        ForeignModel model = Assert.Single(List().Models);

        Assert.Equal(8192, model.ContextSize);
        Assert.Equal(["stop sequences", "parameter unknown"], model.Unused);
        Assert.Equal(
            "--n-gpu-layers 0 --main-gpu 1 --threads 2 --batch-size 256 --keep 4 --seed 7 --top-k 40 --temp 0.7 --top-p 0.9 --min-p 0.05 "
            + "--repeat-penalty 1.1 --split-mode none --no-mmap",
            string.Join(' ', model.Arguments));
    }

    [Fact]
    public void Parameters_that_are_not_used_are_named_unless_llama_server_does_the_same_without()
    {
        Give("""{"mirostat":2,"mirostat_tau":5,"use_mlock":true,"num_gpu":-1,"num_predict":-1,"seed":-1,"use_mmap":true,"min_p":2,"num_ctx":0.5,"top_k":3}""");
        Assert.Equal(
            ["parameter mirostat", "parameter mirostat_tau", "parameter use_mlock", "parameter min_p", "parameter num_ctx"], Assert.Single(List().Models).Unused);

        Give($$"""{{{string.Join(',', Enumerable.Range(1, 20).Select(static number => $"\"p{number}\":1"))}}}""");
        Assert.Equal((9, "12 more parameters"), (Assert.Single(List().Models).Unused.Count, List().Models[0].Unused[^1]));
    }

    [Theory]
    [InlineData("""{"num_ctx":"8192","num_gpu":"0 --api-key x","temperature":[1],"top_k":1e300,"seed":-5,"num_thread":0.5}""")]
    [InlineData("""["num_ctx"]""")]
    [InlineData("""{"num_ctx":4096,""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("")]
    public void Parameters_that_are_not_what_they_should_be_are_left_out(string parameters)
    {
        Give(parameters);

        ForeignModel model = Assert.Single(List().Models);

        Assert.Equal((null, 0), (model.ContextSize, model.Arguments.Count));
    }

    /// <summary>.NET's parser accepts half of a surrogate pair, and fails where the text is read.</summary>
    [Fact]
    public void A_text_that_is_not_Unicode_says_nothing_and_other_models_are_listed()
    {
        _folder.AddToOllama($"{Library}/odd/latest", [("model", Weights)], """{"remote_host":"\ud800"}""");
        _folder.AddToOllama($"{Library}/otter/latest", [("model", Weights)]);

        Assert.Equal(
            [("ollama/odd:latest", null), ("ollama/otter:latest", (string?)null)],
            List().Models.Select(static model => (model.Name, model.Problem)));
    }

    [Fact]
    public void What_cannot_be_served_says_why()
    {
        _folder.AddToOllama($"{Library}/cloud/latest", [], """{"remote_host":"https://ollama.com:443","remote_model":"big"}""");
        _folder.AddToOllama($"{Library}/mlx/latest", [("tensor", "t"u8.ToArray())], """{"model_format":"safetensors"}""");
        _folder.AddToOllama($"{Library}/torch/latest", [("model", Weights)], """{"model_format":"torch"}""");
        _folder.AddToOllama($"{Library}/empty/latest", [("license", "MIT"u8.ToArray())]);

        Assert.Equal(
            [
                "ollama/cloud:latest runs in the cloud of Ollama and has no file here",
                "ollama/empty:latest has no weights",
                "ollama/mlx:latest is made for Ollama's MLX engine: its weights are not a GGUF file; pull a GGUF build",
                "ollama/torch:latest has the format torch, and llama.cpp reads GGUF; pull a GGUF build",
            ],
            Problems());
    }

    [Fact]
    public void Incomplete_manifests_and_files_say_so_and_hide_no_other_model()
    {
        _folder.AddToOllama($"{Library}/whole/latest", [("model", Weights)]);
        _folder.AddToOllama($"{Library}/cut/latest", [("model", Weights)]);
        string manifest = _folder.PathOf($"ollama/manifests/{Library}/cut/latest");
        File.WriteAllText(manifest, File.ReadAllText(manifest)[..^30]);
        _folder.AddToOllama($"{Library}/gone/latest", [("model", "gone"u8.ToArray())]);
        File.Delete(BlobOf("gone"));
        _folder.AddToOllama($"{Library}/short/latest", [("model", "short"u8.ToArray())]);
        File.WriteAllText(BlobOf("short"), "sh");
        _folder.Write($"ollama/manifests/{Library}/huge/latest", new byte[5 << 20]);
        _folder.MakePipe($"ollama/manifests/{Library}/huge/pipe");

        Assert.Equal(
            [
                "ollama/cut:latest has a manifest that is not complete; pull it again with ollama pull",
                "ollama/gone:latest has weights that are missing or incomplete; pull it again with ollama pull",
                "ollama/huge:latest has a manifest that this user may not read, or that is too large",
                "ollama/short:latest has weights that are missing or incomplete; pull it again with ollama pull",
                "ollama/whole:latest ",
            ],
            Problems());
    }

    [Theory]
    [InlineData("sha256:../../../../etc/passwd")]
    [InlineData("sha256:")]
    [InlineData("md5:0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:ABCDEF0000000000000000000000000000000000000000000000000000000000")]
    public void A_digest_that_is_none_never_becomes_a_path(string digest)
    {
        _folder.Write(
            $"ollama/manifests/{Library}/evil/latest",
            $$"""{"config":{"digest":"{{digest}}"},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"{{digest}}","size":1}]}""");

        ForeignModel model = Assert.Single(List().Models);

        Assert.Empty(model.Shards);
        Assert.Equal("has a manifest that is not complete; pull it again with ollama pull", model.Problem);
    }

    [Fact]
    public void Blobs_of_old_stores_are_found()
    {
        _folder.AddToOllama($"{Library}/otter/latest", [("model", Weights)]);
        string hex = ForeignStores.HexOf(Weights);
        File.Move(_folder.PathOf($"ollama/blobs/sha256-{hex}"), _folder.PathOf($"ollama/blobs/sha256:{hex}"));

        Assert.Equal([_folder.PathOf($"ollama/blobs/sha256:{hex}")], Assert.Single(List().Models).Shards);
    }

    private void Give(string parameters) =>
        _folder.AddToOllama($"{Library}/otter/latest", [("model", Weights), ("params", Encoding.UTF8.GetBytes(parameters))]);

    private string BlobOf(string content) => _folder.PathOf($"ollama/blobs/sha256-{ForeignStores.HexOf(Encoding.UTF8.GetBytes(content))}");

    private string[] Problems() => [.. List().Models.Select(static model => $"{model.Name} {model.Problem}").Order(StringComparer.Ordinal)];

    private ForeignListing List() => OllamaStore.List([_folder.PathOf("ollama")], new ForeignScan(TimeProvider.System, new ScanLimits()));
}

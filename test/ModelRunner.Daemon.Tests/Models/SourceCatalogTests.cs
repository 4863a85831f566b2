using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class SourceCatalogTests : IDisposable
{
    private const string Library = "registry.ollama.ai/library";
    private readonly SourceBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void The_models_of_every_tool_are_listed_with_their_origin()
    {
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));
        _bed.Folder.AddToHuggingFace("Lab/Otter-GGUF", "Otter-Q4_K_M.gguf", SourceBed.Model(2));
        _bed.Folder.Write("old/zoo_finch.gguf", SourceBed.Model(3));
        _bed.Folder.AddToOllama($"{Library}/wren/7b", [("model", SourceBed.Model(4))]);
        _bed.Folder.Write("studio/lab/Lark/Lark-Q8_0.gguf", SourceBed.Model(5));

        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(
            [
                "huggingface.co/lab/otter-gguf:Q4_K_M huggingface", "llama.cpp/zoo_finch:latest llama.cpp", "lmstudio/lab/lark:Q8_0 lmstudio",
                "ollama/wren:7b ollama", "own:latest store",
            ],
            catalog.List().Select(static model => $"{model.Reference} {string.Join(',', model.Origins)}"));
        Assert.Empty(catalog.ListProblems());
        Assert.Equal([1, 1, 1, 1], catalog.ListSources().Select(static source => source.Models));
    }

    [Fact]
    public void The_address_of_a_file_means_exactly_this_file_in_the_cache_of_Hugging_Face()
    {
        _bed.Folder.AddToHuggingFace("Lab/Otter", "A-Q4_0.gguf", SourceBed.Model(1));
        _bed.Folder.AddToHuggingFace("Lab/Otter", "b/B-Q4_0.gguf", SourceBed.Model(2));
        _bed.Folder.SetMain("Lab/Otter", ForeignStores.Commit);
        _bed.Folder.AddToHuggingFace("Lab/Wren", "Wren-Q4_0.gguf", SourceBed.Model(3));
        ModelCatalog catalog = _bed.Catalog();
        string? find(string address) => catalog.Find($"https://huggingface.co/{address}").Model?.Reference;

        Assert.Equal("huggingface.co/lab/otter:A-Q4_0", find("Lab/Otter/resolve/main/A-Q4_0.gguf"));
        Assert.Equal("huggingface.co/lab/otter:B-Q4_0", find("lab/otter/blob/main/b/B-Q4_0.gguf?download=true"));
        Assert.Equal("huggingface.co/lab/otter:B-Q4_0", find($"Lab/Otter/blob/{ForeignStores.Commit}/b/B-Q4_0.gguf"));
        Assert.Null(find("Lab/Otter/resolve/main/C-Q4_0.gguf"));
        Assert.Null(find("Lab/Otter/resolve/v1/A-Q4_0.gguf"));
        Assert.Null(find("Lab/Wren/resolve/main/Wren-Q4_0.gguf"));
        Assert.Equal("huggingface.co/lab/wren:Q4_0", find($"Lab/Wren/resolve/{ForeignStores.Commit}/Wren-Q4_0.gguf"));
    }

    [Fact]
    public void A_tag_of_LM_Studio_never_means_another_file_because_one_is_added()
    {
        string first = _bed.Folder.Write("studio/lab/wren/zeta.gguf", SourceBed.Model(1));
        string second = _bed.Folder.Write("studio/lab/lark/Lark-Q8_0.gguf", SourceBed.Model(2));
        Assert.Equal(first, _bed.Catalog().Find("lmstudio/lab/wren:latest").Model!.Path);
        Assert.Equal(second, _bed.Catalog().Find("lmstudio/lab/lark:Q8_0").Model!.Path);

        _bed.Folder.Write("studio/lab/wren/alpha.gguf", SourceBed.Model(3));
        _bed.Folder.Write("studio/lab/lark/A-Q8_0.gguf", SourceBed.Model(4));
        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(
            ["lmstudio/lab/lark:A-Q8_0", "lmstudio/lab/lark:Lark-Q8_0", "lmstudio/lab/wren:alpha", "lmstudio/lab/wren:zeta"],
            catalog.List().Select(static model => model.Reference));
        Assert.Equal([null, null], new[] { "lmstudio/lab/wren:latest", "lmstudio/lab/lark:Q8_0" }.Select(name => catalog.Find(name).Model));
        Assert.Equal(first, catalog.Find("lmstudio/lab/wren:zeta").Model!.Path);
        Assert.Contains("lmstudio/lab/wren:alpha", catalog.Find("lmstudio/lab/wren").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_Ollama_uses_is_told_in_one_line_of_the_model()
    {
        byte[] own = Gguf.GgufBuilder.Llama().Text("tokenizer.chat_template", "{{ x }}").Build();
        byte[] stop = """{"stop":["<|end|>"]}"""u8.ToArray();
        _bed.Folder.AddToOllama($"{Library}/wren/7b", [("model", SourceBed.Model(1)), ("template", "{{ .Prompt }}"u8.ToArray()), ("params", stop)]);
        _bed.Folder.AddToOllama($"{Library}/lark/7b", [("model", own), ("template", "{{ .Prompt }}"u8.ToArray()), ("params", stop)]);
        _bed.Folder.AddToHuggingFace("Lab/Otter", "Otter-Q4_0.gguf", SourceBed.Model(3));
        _bed.Folder.AddToOllama($"{Library}/otter/7b", [("model", SourceBed.Model(3)), ("params", stop)]);
        _bed.Folder.AddToOllama($"{Library}/finch/7b", [("model", SourceBed.Model(2)), ("params", """{"stop":[]}"""u8.ToArray())]);

        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(
            [
                "model \"ollama/otter:7b\" is run without its stop sequences, which only Ollama uses; send \"stop\" in requests whose answers need it",
                "model \"ollama/lark:7b\" is run without its stop sequences, which only Ollama uses; send \"stop\" in requests whose answers need it",
                "model \"ollama/wren:7b\" is run without its template and stop sequences, which only Ollama uses; send \"stop\" in requests whose answers need it",
            ],
            catalog.ListProblems());
        Assert.Equal(["template", "stop sequences"], Assert.Single(catalog.Find("ollama/lark:7b").Model!.Unused).Parts);
    }

    [Fact]
    public void The_same_file_in_several_stores_is_one_model_with_several_names()
    {
        string link = _bed.Folder.AddToHuggingFace("Lab/Otter", "Otter-Q4_0.gguf", SourceBed.Model(1));
        _bed.Folder.AddToOllama($"{Library}/otter/7b", [("model", SourceBed.Model(1))]);
        Directory.CreateDirectory(_bed.Folder.PathOf("studio/lab/Otter"));
        File.CreateSymbolicLink(_bed.Folder.PathOf("studio/lab/Otter/Otter-Q4_0.gguf"), link);
        _bed.Folder.Write("studio/lab/Copy/Copy-Q4_0.gguf", SourceBed.Model(1));

        ModelCatalog catalog = _bed.Catalog();

        ModelEntry model = catalog.List()[0];
        Assert.Equal(["ollama/otter:7b", "lmstudio/lab/otter:Q4_0"], model.OtherNames);
        Assert.Equal(["huggingface", "ollama", "lmstudio"], model.Origins);
        Assert.Equal("lmstudio/lab/copy:Q4_0", Assert.Single(catalog.List().Skip(1)).Reference);
        string[] names = ["hf.co/Lab/Otter", "ollama/otter:7b", "otter:7b", "lmstudio/lab/otter:Q4_0", "LAB/Otter:Q4_0"];
        Assert.All(names, name => Assert.Equal("huggingface.co/lab/otter:Q4_0", catalog.Find(name).Model?.Reference));
    }

    [Fact]
    public void A_file_of_the_models_folder_or_the_configuration_keeps_its_name()
    {
        string link = _bed.Folder.AddToHuggingFace("Lab/Otter", "Otter-Q4_0.gguf", SourceBed.Model(1));
        string other = _bed.Folder.AddToHuggingFace("Lab/Wren", "Wren-Q4_0.gguf", SourceBed.Model(2));
        Directory.CreateDirectory(_bed.Folder.PathOf("models"));
        File.CreateSymbolicLink(_bed.Folder.PathOf("models/mine.gguf"), link);
        DaemonSettings settings = _bed.Settings with
        {
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["chosen:latest"] = new ModelSettings { Path = other } },
        };

        var catalog = new ModelCatalog(settings, _bed.Time);

        Assert.Equal(["chosen:latest", "mine:latest"], catalog.List().Select(static model => model.Reference));
        Assert.Equal("mine:latest", catalog.Find("hf.co/lab/otter").Model?.Reference);
        Assert.Equal(["configuration", "huggingface"], catalog.Find("hf.co/lab/wren:Q4_0").Model?.Origins);
    }

    [Fact]
    public void A_short_name_means_the_own_model_first_and_else_the_tag_latest()
    {
        _bed.Folder.Write("models/lab/otter:7b.gguf", SourceBed.Model(1));
        _bed.Folder.AddToOllama($"{Library}/otter/latest", [("model", SourceBed.Model(2))]);
        _bed.Folder.AddToOllama($"{Library}/wren/1b", [("model", SourceBed.Model(3))]);
        _bed.Folder.AddToOllama($"{Library}/wren/latest", [("model", SourceBed.Model(4))]);
        _bed.Folder.AddToOllama($"{Library}/lark/1b", [("model", SourceBed.Model(5))]);
        _bed.Folder.AddToOllama($"{Library}/lark/3b", [("model", SourceBed.Model(6))]);

        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal("lab/otter:7b", catalog.Find("otter").Model?.Reference);
        Assert.Equal("ollama/otter:latest", catalog.Find("ollama/otter").Model?.Reference);
        Assert.Equal("ollama/wren:latest", catalog.Find("wren").Model?.Reference);
        Assert.Equal("ollama/wren:1b", catalog.Find("wren:1b").Model?.Reference);
        Assert.Equal(ModelLookupReason.Ambiguous, catalog.Find("lark").Reason);
    }

    [Fact]
    public void Settings_and_adapters_of_Ollama_make_a_model_of_its_own()
    {
        _bed.Folder.AddToOllama($"{Library}/otter/latest", [("model", SourceBed.Model(1))]);
        _bed.Folder.AddToOllama($"{Library}/tuned/latest", [("model", SourceBed.Model(1)), ("params", """{"num_ctx":512,"temperature":0.5}"""u8.ToArray())]);
        _bed.Folder.AddToOllama($"{Library}/lora/latest", [("model", SourceBed.Model(1)), ("adapter", SourceBed.Model(2))]);
        DaemonSettings settings = _bed.Settings with
        {
            Runners = new RunnerSettings { LlamaServerPath = "/x/llama-server", ExtraArguments = ["--temp", "0.9"] },
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal)
            {
                ["ollama/lora:latest"] = new ModelSettings { ContextSize = 256, Arguments = ["--top-k", "1"] },
            },
        };

        IReadOnlyList<ModelEntry> models = new ModelCatalog(settings, _bed.Time).List();

        Assert.Equal(["ollama/lora:latest", "ollama/otter:latest", "ollama/tuned:latest"], models.Select(static model => model.Reference));
        Assert.Equal((256, 2048, 512), (models[0].ContextSize, models[1].ContextSize, models[2].ContextSize));
        Assert.Equal(_bed.Folder.PathOf($"ollama/blobs/sha256-{ForeignStores.HexOf(SourceBed.Model(2))}"), Assert.Single(models[0].Adapters));
        Assert.Equal(["--temp", "0.5", "--temp", "0.9"], models[2].Settings.AddedTo(settings.Runners.ExtraArguments));
        Assert.True(models[0].WeightBytes > models[1].WeightBytes);
    }

    [Fact]
    public void A_request_for_a_model_that_cannot_be_served_gets_the_reason()
    {
        for (int i = 0; i < 12; i++)
            _bed.Folder.AddToOllama($"{Library}/cloud{i:00}/latest", [], """{"remote_host":"https://ollama.com"}""");

        ModelCatalog catalog = _bed.Catalog();

        ModelLookup found = catalog.Find("cloud03");
        Assert.Equal((ModelLookupReason.Unusable, "model \"ollama/cloud03:latest\" runs in the cloud of Ollama and has no file here"), (found.Reason, found.Problem));
        IReadOnlyList<string> problems = catalog.ListProblems();
        Assert.Equal((11, "2 more models of Ollama cannot be served"), (problems.Count, problems[^1]));
        Assert.Empty(catalog.List());
    }

    [Fact]
    public void What_a_model_loses_outside_its_tool_is_a_warning_and_an_adapter_without_llama_server_a_problem()
    {
        _bed.Folder.AddToOllama($"{Library}/brief/latest", [("model", SourceBed.Model(1)), ("system", "Be brief."u8.ToArray())]);
        _bed.Folder.AddToOllama($"{Library}/lora/latest", [("model", SourceBed.Model(2)), ("adapter", SourceBed.Model(3))]);

        IReadOnlyList<string> problems = new ModelCatalog(_bed.Settings with { Runners = new RunnerSettings { LlamaHostPath = "/x/llama-host" } }, _bed.Time).ListProblems();

        Assert.Equal(
            [
                "model \"ollama/brief:latest\" is run without its system prompt, which only Ollama uses",
                "model \"ollama/lora:latest\" cannot be used: its adapter needs llama-server, and only the embedded engine is here; "
                + "install llama.cpp or set LLAMA_SERVER_PATH",
            ],
            problems);
    }

    [Fact]
    public void Projectors_of_the_tools_are_used()
    {
        byte[] eyes = new Gguf.GgufBuilder().Text("general.architecture", "clip").Build();
        _bed.Folder.AddToHuggingFace("lab/seer", "Seer-Q4_0.gguf", SourceBed.Model(1));
        string projector = _bed.Folder.AddToHuggingFace("lab/seer", "mmproj-F16.gguf", eyes);
        _bed.Folder.AddToOllama($"{Library}/seer/latest", [("model", SourceBed.Model(2)), ("projector", eyes)]);

        IReadOnlyList<ModelEntry> models = _bed.Catalog().List();

        Assert.Equal([projector, _bed.Folder.PathOf($"ollama/blobs/sha256-{ForeignStores.HexOf(eyes)}")], models.Select(static model => model.ProjectorPath));
    }

    [Fact]
    public void A_model_with_the_projector_of_a_tool_is_not_the_file_without_one()
    {
        byte[] eyes = new Gguf.GgufBuilder().Text("general.architecture", "clip").Build();
        string weights = _bed.Folder.AddToHuggingFace("lab/seer", "Seer-Q4_0.gguf", SourceBed.Model(1));
        string projector = _bed.Folder.AddToHuggingFace("lab/seer", "mmproj-F16.gguf", eyes);
        File.CreateSymbolicLink(Path.Join(_bed.Settings.ModelsPath, "own.gguf"), weights);

        IReadOnlyList<ModelEntry> models = _bed.Catalog().List();

        Assert.Equal([("huggingface.co/lab/seer:Q4_0", projector), ("own:latest", null)], models.Select(static model => (model.Reference, model.ProjectorPath)));
    }

    /// <summary>Only a file without such a name may be one that somebody copies.</summary>
    [Fact]
    public void A_file_that_is_named_by_its_digest_and_ends_too_early_is_not_being_written()
    {
        _bed.Time.SetUtcNow(DateTimeOffset.UtcNow.AddSeconds(1));
        _bed.Folder.AddToHuggingFace("lab/otter", "Otter-Q4_0.gguf", SourceBed.Model(1)[..^10]);
        _bed.Folder.Write("studio/lab/wren/Wren-Q4_0.gguf", SourceBed.Model(2)[..^10]);
        ModelCatalog catalog = _bed.Catalog();

        ModelLookup damaged = catalog.Find("huggingface.co/lab/otter:Q4_0"), written = catalog.Find("lmstudio/lab/wren:Q4_0");

        Assert.Contains("is truncated", damaged.Problem, StringComparison.Ordinal);
        Assert.Contains("is still being written", written.Problem, StringComparison.Ordinal);
        Assert.Equal((ModelLookupReason.Unusable, ModelLookupReason.NotRead), (damaged.Reason, written.Reason));
    }

    [Fact]
    public async Task Sources_are_switched_off_and_on_without_a_restart()
    {
        _bed.Folder.AddToOllama($"{Library}/otter/latest", [("model", SourceBed.Model(1))]);
        _bed.Folder.Write("old/finch.gguf", SourceBed.Model(2));
        ModelCatalog catalog = _bed.Catalog();
        Assert.Equal(2, catalog.List().Count);

        await catalog.ConfigureAsync(_bed.Settings with { Sources = [.. _bed.Settings.Sources.Where(static source => source.Kind != SourceKind.Ollama)] });
        Assert.Equal("llama.cpp/finch:latest", Assert.Single(catalog.List()).Reference);
        Assert.Equal(ModelLookupReason.Unknown, catalog.Find("ollama/otter").Reason);

        await catalog.ConfigureAsync(_bed.Settings);
        Assert.NotNull(catalog.Find("ollama/otter").Model);
    }

    [Fact]
    public void A_key_for_the_models_of_a_tool_stays_valid_when_another_tool_has_the_file_too()
    {
        _bed.Folder.AddToHuggingFace("lab/otter", "Otter-Q4_0.gguf", SourceBed.Model(1));
        _bed.Folder.AddToOllama($"{Library}/otter/latest", [("model", SourceBed.Model(1))]);
        ModelCatalog catalog = _bed.Catalog();
        var caller = new Caller("ada", new KeySettings("ada", KeyDigest.Of("k")) { Models = [ModelPattern.TryParse("ollama/*", out _)!] });

        Assert.Single(new ModelRights(catalog).Filter(caller, catalog.List()));
    }
}

using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class ModelCatalogTests : IDisposable
{
    private static readonly byte[] Good = GgufBuilder.Llama().Build();
    private readonly TemporaryFolder _store = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Every_file_below_the_store_is_a_model()
    {
        _store.Write("Otter-7B.gguf", Good);
        _store.Write("lab/deep/finch.GGUF", Good);
        _store.Write("lab/q3:0.6b-Q4_K_M.gguf", Good);
        _store.Write("readme.txt", "no");
        _store.Write(".hidden.gguf", Good);
        _store.Write("mmproj-otter.gguf", Good);

        Assert.Equal(["lab/deep/finch:latest", "lab/q3:0.6b-Q4_K_M", "otter-7b:latest"], Catalog().List().Select(static model => model.Reference));
    }

    [Theory]
    [InlineData("otter")]
    [InlineData("  Otter ")]
    [InlineData("otter:7b")]
    [InlineData("lab/otter")]
    [InlineData("lab/otter:7b")]
    [InlineData("LAB/Otter:7b")]
    [InlineData("docker.io/lab/otter:7b")]
    [InlineData("registry.example:5000/lab/otter:7b")]
    [InlineData("ai/otter:7b")]
    public void LBL_07_all_spellings_resolve_to_one_model(string spelling)
    {
        _store.Write("lab/otter:7b.gguf", Good);
        _store.Write("zoo/finch.gguf", Good);

        ModelLookup found = Catalog().Find(spelling);

        Assert.Equal((null, "lab/otter:7b"), (found.Problem, found.Model?.Reference));
    }

    [Fact]
    public void The_end_of_a_name_may_begin_with_a_folder_that_looks_like_a_registry()
    {
        _store.Write("lab/qwen2.5/q8.gguf", Good);
        _store.Write("q8.gguf", Good);

        Assert.Equal("lab/qwen2.5/q8:latest", Catalog().Find("qwen2.5/q8").Model?.Reference);
        Assert.Equal("q8:latest", Catalog().Find("registry.example/q8").Model?.Reference);
    }

    [Theory]
    [InlineData("lab/otter", "lab/otter:latest")]
    [InlineData("reg.example:5000/lab/otter", "reg.example:5000/lab/otter:latest")]
    [InlineData("otter", "ai/otter:latest")]
    [InlineData("docker.io/lab/otter", "lab/otter:latest")]
    [InlineData("hf.co/lab/otter", null)]
    public void A_model_with_settings_only_can_be_pulled_if_it_then_has_the_settings(string name, string? pullable)
    {
        Assert.True(ModelReference.TryParse(name, out ModelReference reference, out _));
        Dictionary<string, ModelSettings> models = Models(reference.ToString(), new ModelSettings { Aliases = ["fast:latest"] });
        ModelLookup found = new ModelCatalog(Settings() with { Models = models }, _time).Find("fast");

        Assert.Equal(pullable is null ? ModelLookupReason.Unusable : ModelLookupReason.Unknown, found.Reason);
        Assert.Equal((pullable, name == "otter"), (found.Pullable?.ToShortString(), found.NeedsCommand));
    }

    [Fact]
    public void LBL_07_an_ambiguous_short_name_is_refused()
    {
        _store.Write("lab/otter:7b.gguf", Good);
        _store.Write("zoo/otter.gguf", Good);

        ModelLookup found = Catalog().Find("otter");

        Assert.Equal(ModelLookupReason.Ambiguous, found.Reason);
        Assert.Equal("model \"otter:latest\" could be any of lab/otter:7b, zoo/otter:latest; write one of them in full", found.Problem);
        Assert.Equal("lab/otter:7b", Catalog().Find("otter:7b").Model?.Reference);
    }

    [Fact]
    public void The_whole_name_wins_over_the_end_of_another()
    {
        _store.Write("otter.gguf", Good);
        _store.Write("lab/otter.gguf", Good);

        Assert.Equal("otter:latest", Catalog().Find("otter").Model?.Reference);
    }

    [Theory]
    [InlineData("smollm2")]
    [InlineData("ai/smollm2")]
    [InlineData("docker.io/ai/smollm2:latest")]
    [InlineData("index.docker.io/ai/smollm2")]
    public void The_default_registry_and_namespace_are_optional(string spelling)
    {
        _store.Write("smollm2.gguf", Good);
        Assert.Equal("smollm2:latest", Catalog().Find(spelling).Model?.Reference);
    }

    [Fact]
    public void LBL_08_a_tag_stays_as_it_is()
    {
        _store.Write("lab/q3:0.6b-Q4_K_M.gguf", Good);

        Assert.Equal("lab/q3:0.6b-Q4_K_M", Catalog().Find("lab/q3:0.6b-Q4_K_M").Model?.Reference);
        Assert.Equal(ModelLookupReason.Unknown, Catalog().Find("lab/q3:0.6b-q4_k_m").Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("otter:")]
    [InlineData("lab/")]
    [InlineData("a\nfake_total 99")]
    [InlineData("a\u202eb")]
    public void An_invalid_reference_is_refused_with_the_reason(string text)
    {
        ModelLookup found = Catalog().Find(text);

        Assert.Equal(ModelLookupReason.Invalid, found.Reason);
        Assert.DoesNotContain('\n', found.Problem!);
    }

    [Fact]
    public void SIZ_05_a_name_of_four_thousand_characters_is_refused_with_a_short_message()
    {
        ModelLookup found = Catalog().Find(new string('x', 4000));

        Assert.Equal(ModelLookupReason.Invalid, found.Reason);
        Assert.True(found.Problem!.Length < 200);
    }

    [Fact]
    public void EXP_12_quotes_and_backslashes_are_kept()
    {
        var settings = Settings() with
        {
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal)
            {
                ["lab/ot\"ter:latest"] = new() { Path = _store.Write("a.gguf", Good) },
                ["d:\\zoo\\new"] = new() { Path = _store.Write("b.gguf", Good) },
            },
        };
        var catalog = new ModelCatalog(settings, _time);

        Assert.Equal("lab/ot\"ter:latest", catalog.Find("lab/ot\"ter").Model?.Reference);
        Assert.Equal("d:\\zoo\\new", catalog.Find("D:\\zoo\\new").Model?.Reference);
    }

    [Fact]
    public void Shards_are_one_model_and_a_missing_shard_is_reported()
    {
        _store.Write("big-00001-of-00002.gguf", Good);
        _store.Write("big-00002-of-00002.gguf", Good);
        _store.Write("half-00001-of-00003.gguf", Good);
        ModelCatalog catalog = Catalog();

        ModelEntry big = Assert.Single(catalog.List());
        Assert.Equal(("big:latest", 2L * Good.Length), (big.Reference, big.SizeBytes));
        Assert.EndsWith("big-00001-of-00002.gguf", big.Path, StringComparison.Ordinal);
        ModelLookup half = catalog.Find("half");
        Assert.Equal(ModelLookupReason.Unusable, half.Reason);
        Assert.Equal(
            "model \"half:latest\" cannot be used: its file half.gguf is incomplete: 2 of its 3 parts are missing, the first one is "
            + "half-00002-of-00003.gguf; put them beside the others",
            half.Problem);
    }

    [Fact]
    public void A_single_missing_shard_is_named()
    {
        _store.Write("half-00002-of-00002.gguf", Good);
        string path = _store.Write("own-00001-of-00003.gguf", Good);
        _store.Write("own-00003-of-00003.gguf", Good);

        Assert.EndsWith(
            "its file half.gguf is incomplete: half-00001-of-00002.gguf is missing, one of its 2 parts; put it beside the others",
            Catalog().Find("half").Problem, StringComparison.Ordinal);
        Assert.Equal("own-00002-of-00003.gguf", ModelFile.FromPath(path, "own.gguf").MissingShard);
    }

    [Fact]
    public void A_damaged_file_does_not_affect_other_models()
    {
        _store.Write("good.gguf", Good);
        _store.Write("cut.gguf", Good[..^10]);
        _store.Write("text.gguf", "hello, this is not a model at all");
        ModelCatalog catalog = Catalog();

        Assert.Equal(["good:latest"], catalog.List().Select(static model => model.Reference));
        Assert.Equal(2, catalog.ListProblems().Count);
        Assert.Contains("its file cut.gguf is truncated: ", catalog.Find("cut").Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(_store.Path, catalog.Find("text").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Added_and_removed_files_are_detected()
    {
        ModelCatalog catalog = Catalog();
        Assert.Equal(ModelLookupReason.Unknown, catalog.Find("late").Reason);

        string path = _store.Write("late.gguf", Good);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull(catalog.Find("late").Model);

        File.WriteAllBytes(path, Good[..^1]);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Empty(catalog.List());
        Assert.Equal(ModelLookupReason.Unusable, catalog.Find("late").Reason);

        File.Delete(path);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Empty(catalog.List());
    }

    [Fact]
    public void A_configured_file_has_one_name_and_its_file_name_resolves_to_it()
    {
        string path = _store.Write("deep/some-file-q4.gguf", Good);
        var model = new ModelSettings { Path = path, ContextSize = 100, Arguments = ["--parallel", "2"], Aliases = ["chat:latest"] };
        var catalog = new ModelCatalog(Settings() with { Models = Models("otter:latest", model) }, _time);

        ModelEntry entry = Assert.Single(catalog.List());
        Assert.Equal("otter:latest", entry.Reference);
        Assert.Equal((100, 2), (entry.ContextSize, entry.Slots));
        Assert.Equal("otter:latest", catalog.Find("deep/some-file-q4").Model?.Reference);
        Assert.Equal("otter:latest", catalog.Find("chat").Model?.Reference);
    }

    [Fact]
    public void A_configured_model_without_a_file_is_reported()
    {
        var catalog = new ModelCatalog(Settings() with { Models = Models("otter:latest", new ModelSettings { Path = "/nowhere/otter.gguf" }) }, _time);

        Assert.Equal("model \"otter:latest\" cannot be used: its file otter.gguf does not exist", catalog.Find("otter").Problem);
    }

    [Fact]
    public void Attached_runners_add_models_without_files()
    {
        AttachedRunnerSettings Attached(RunnerMode mode) => new("vllm", "qwen3:8b", mode, "/run/x.sock", null, null);
        var catalog = new ModelCatalog(Settings() with { AttachedRunners = [Attached(RunnerMode.Embedding), Attached(RunnerMode.Completion)] }, _time);

        ModelEntry entry = catalog.Find("qwen3:8b").Model!;
        Assert.Null(entry.Path);
        Assert.Equal([RunnerMode.Embedding, RunnerMode.Completion], entry.Modes);
    }

    [Fact]
    public void Duplicate_names_are_reported_and_the_first_is_used()
    {
        string first = _store.Write("Otter.gguf", Good);
        _store.Write("otter.gguf", Good);
        ModelCatalog catalog = Catalog();

        Assert.Equal(first, Assert.Single(catalog.List()).Path);
        Assert.Equal("the files Otter.gguf and otter.gguf would both be otter:latest; the first is used, rename one", Assert.Single(catalog.ListProblems()));
    }

    [Fact]
    public void A_folder_that_links_to_itself_is_scanned_once()
    {
        _store.Write("a/x.gguf", Good);
        Directory.CreateSymbolicLink(Path.Join(_store.Path, "a", "loop"), _store.Path);

        Assert.Equal(["a/x:latest"], Catalog().List().Select(static model => model.Reference));
    }

    [Fact]
    public void The_estimate_counts_weights_and_the_cache_of_all_slots()
    {
        _store.Write("otter.gguf", Good);
        ModelEntry entry = Assert.Single(Catalog().List());

        Assert.Equal((2048, 4), (entry.ContextSize, entry.Slots));
        long cache = 4L * 2 * 64 * 2 * 2048 * 4;
        Assert.InRange(entry.MemoryBytes(RunnerMode.Completion), cache + Good.Length, cache + Good.Length + (64 << 20));
    }

    [Theory]
    [InlineData("0", 2048)]
    [InlineData("4096", 1024)]
    public void The_estimate_has_the_context_of_the_arguments(string size, int context)
    {
        _store.Write("otter.gguf", Good);
        ModelEntry entry = Assert.Single(
            new ModelCatalog(Settings() with { Runners = new RunnerSettings { ExtraArguments = ["--ctx-size", size] } }, _time).List());

        Assert.Equal(context, entry.Shape!.Context);
        Assert.Equal(4L * 2 * 64 * 2 * context * 4, entry.Memory[RunnerMode.Completion].Cache);
    }

    [Fact]
    public void The_estimate_of_a_second_mode_is_that_of_its_own_arguments()
    {
        _store.Write("otter.gguf", Good);
        ModelEntry entry = Assert.Single(
            new ModelCatalog(Settings() with { Runners = new RunnerSettings { ExtraArguments = ["--pooling", "mean"] } }, _time).List());

        Assert.Equal((512, 2048), (BatchOf(RunnerMode.Completion), BatchOf(RunnerMode.Embedding)));
        Assert.True(entry.Memory[RunnerMode.Completion].PromptCache > 0);
        Assert.Equal(0, entry.Memory[RunnerMode.Embedding].PromptCache);

        long BatchOf(RunnerMode mode) => (entry.Shape! with { Mode = mode }).Batch;
    }

    [Fact]
    public void The_demo_adds_two_models()
    {
        using var demo = new TemporaryFolder();
        demo.Write("tiny-chat.gguf", Good);
        demo.Write("tiny-embed.gguf", Good);
        var catalog = new ModelCatalog(Settings() with { DemoModelsPath = demo.Path }, _time);

        Assert.Equal([DemoModels.Chat, DemoModels.Embedding], catalog.List().Select(static model => model.Reference));
    }

    private ModelCatalog Catalog() => new(Settings(), _time);

    private DaemonSettings Settings() => new() { Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path };

    private static Dictionary<string, ModelSettings> Models(string reference, ModelSettings model) =>
        new(StringComparer.Ordinal) { [reference] = model };
}

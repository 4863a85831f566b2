using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class ModelNamesTests : IDisposable
{
    private static readonly byte[] Good = GgufBuilder.Llama().Build();
    private readonly TemporaryFolder _store = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void An_alias_does_not_hide_a_model()
    {
        _store.Write("otter.gguf", Good);
        string finch = _store.Write("finch.gguf", Good);
        var model = new ModelSettings { Path = finch, Aliases = ["otter:latest", "bird:latest"] };
        var catalog = new ModelCatalog(Settings() with { Models = Models("finch:latest", model) }, _time);

        Assert.Equal("otter:latest", catalog.Find("otter").Model?.Reference);
        Assert.Equal("finch:latest", catalog.Find("bird").Model?.Reference);
        Assert.Equal(["bird:latest"], catalog.Find("bird").Model!.Aliases);
        Assert.Equal(new AliasClash("otter:latest", "finch:latest", "otter.gguf"), Assert.Single(catalog.FindAliasClashes()));
        Assert.Equal(
            "the alias otter:latest of finch:latest is not used: the file otter.gguf has this name; rename one of them", Assert.Single(catalog.ListProblems()));
    }

    [Fact]
    public void An_alias_may_be_the_name_of_the_models_own_file()
    {
        var model = new ModelSettings { Path = _store.Write("finch-q4.gguf", Good), Aliases = ["finch-q4:latest", "finch:latest"] };
        var catalog = new ModelCatalog(Settings() with { Models = Models("finch:latest", model) }, _time);

        Assert.Empty(catalog.FindAliasClashes());
        Assert.Equal("finch:latest", catalog.Find("finch-q4").Model?.Reference);
    }

    [Fact]
    public void An_alias_with_the_name_of_an_attached_model_is_reported()
    {
        var attached = new AttachedRunnerSettings("vllm", "qwen3:8b", RunnerMode.Completion, "/run/x.sock", null, null);
        var model = new ModelSettings { Path = _store.Write("finch.gguf", Good), Aliases = ["qwen3:8b"] };
        var catalog = new ModelCatalog(Settings() with { Models = Models("finch:latest", model), AttachedRunners = [attached] }, _time);

        Assert.Equal("qwen3:8b", catalog.Find("qwen3:8b").Model?.Reference);
        Assert.Single(catalog.FindAliasClashes());
    }

    [Theory]
    [InlineData("ottre", "otter:latest")]
    [InlineData("lab/finhc", "lab/finch:7b")]
    [InlineData("finch:8b", "lab/finch:7b")]
    [InlineData("heron:Q4_K_M", "lab/heron:q4_k_m")]
    [InlineData("lab/finch:7B", "lab/finch:7b")]
    [InlineData("broken", null)]
    [InlineData("brokem", null)]
    [InlineData("cat", null)]
    [InlineData("zebra", null)]
    [InlineData("a", null)]
    public void Only_near_and_usable_names_are_suggested(string wanted, string? suggested)
    {
        _store.Write("otter.gguf", Good);
        _store.Write("lab/finch:7b.gguf", Good);
        _store.Write("lab/heron:q4_k_m.gguf", Good);
        _store.Write("broken.gguf", Good[..^8]);
        _store.Write("dog.gguf", Good);

        string problem = new ModelCatalog(Settings(), _time).Find(wanted).Problem!;

        Assert.Equal(suggested is not null, problem.Contains("did you mean", StringComparison.Ordinal));
        if (suggested is not null)
            Assert.EndsWith($"did you mean \"{suggested}\"?", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_and_an_attached_runner_with_the_same_name_are_reported()
    {
        _store.Write("otter.gguf", Good);
        _store.Write("finch.gguf", Good);
        AttachedRunnerSettings[] attached =
        [
            new("vllm", "otter:latest", RunnerMode.Completion, "/run/x.sock", null, null),
            new("vllm", "finch:latest", RunnerMode.Reranking, "/run/y.sock", null, null),
        ];
        var catalog = new ModelCatalog(Settings() with { AttachedRunners = attached }, _time);

        Assert.Equal(
            "model \"otter:latest\" is the file otter.gguf and also an attached runner in mode completion; "
            + "the attached runner gets the requests; rename the file to use both", Assert.Single(catalog.ListProblems()));
    }

    [Theory]
    [InlineData(null, "Completion")]
    [InlineData("last", "Completion Embedding")]
    [InlineData("none", "Completion")]
    [InlineData("rank", "Completion Reranking")]
    public void A_text_model_has_the_mode_embedding_only_with_pooling(string? pooling, string modes)
    {
        _store.Write("otter.gguf", Good);
        var runners = new RunnerSettings { ExtraArguments = pooling is null ? [] : ["--pooling", pooling] };

        ModelEntry model = Assert.Single(new ModelCatalog(Settings() with { Runners = runners }, _time).List());

        Assert.Equal(modes, string.Join(' ', model.Modes));
    }

    [Fact]
    public void The_estimate_of_an_embedding_model_includes_a_batch_of_its_context()
    {
        GgufBuilder bert(uint context) => new GgufBuilder()
            .Text("general.architecture", "bert").UInt32("bert.context_length", context).UInt32("bert.embedding_length", 1024).UInt32("bert.pooling_type", 1)
            .Tensor("token_embd.weight", 0, 32, 4);
        _store.Write("long.gguf", bert(4096).Build());
        _store.Write("short.gguf", bert(512).Build());

        IReadOnlyList<ModelEntry> models = new ModelCatalog(Settings(), _time).List();

        // Two vectors for each token, and a mask with a number for each pair of tokens.
        long compute(long batch) => batch * ((2 * 1024 * sizeof(float)) + (batch * sizeof(ushort)));
        Assert.Equal(compute(4096) - compute(512), models[0].MemoryBytes(RunnerMode.Embedding) - models[1].MemoryBytes(RunnerMode.Embedding));
    }

    private DaemonSettings Settings() => new() { Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path };

    private static Dictionary<string, ModelSettings> Models(string reference, ModelSettings model) =>
        new(StringComparer.Ordinal) { [reference] = model };
}

using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Models with an engine of the configuration.</summary>
public sealed class EngineModelTests : IDisposable
{
    private static readonly EngineSettings WithPath = new("x", ["x", "{path}", "{port}"], "/health", null);
    private static readonly EngineSettings WithoutPath = new("x", ["x", "{port}"], "/health", null);

    private readonly TemporaryFolder _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_model_without_a_path_gets_the_file_of_its_name()
    {
        string file = _store.Write("otter.gguf", GgufBuilder.Llama().Build());

        ModelEntry model = Assert.Single(Catalog(("otter:latest", Model(WithPath))).List());

        Assert.Equal((file, true, false), (model.Path, model.CanBeStarted(RunnerMode.Completion), model.CanBeStarted(RunnerMode.Embedding)));
        Assert.Equal([RunnerMode.Completion], model.Modes);
    }

    [Fact]
    public void A_model_without_a_path_and_without_a_file_cannot_be_used_if_its_engine_needs_a_path()
    {
        ModelLookup found = Catalog(("otter:latest", Model(WithPath))).Find("otter");

        Assert.Null(found.Model);
        Assert.Contains("model \"otter:latest\" has no file: the models folder has no otter.gguf, the model store has no pulled model of its name", found.Problem, StringComparison.Ordinal);
        Assert.NotNull(Catalog(("otter:latest", Model(WithoutPath))).Find("otter").Model);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_models_of_the_configuration_may_use_one_file(bool isFirst)
    {
        string file = _store.Write("otter.gguf", GgufBuilder.Llama().Build());
        (string, ModelSettings) own = ("otter:latest", Model(WithPath)), other = ("finch:latest", Model(WithPath) with { Path = file });

        ModelCatalog catalog = isFirst ? Catalog(own, other) : Catalog(other, own);

        Assert.Equal(["finch:latest", "otter:latest"], catalog.List().Select(static model => model.Reference));
        Assert.Equal(("otter:latest", file), (catalog.Find("otter").Model?.Reference, catalog.Find("otter").Model?.Path));
        Assert.Empty(catalog.ListProblems());
    }

    [Fact]
    public void A_model_of_llama_cpp_keeps_its_name_if_another_model_uses_its_file()
    {
        string file = _store.Write("otter.gguf", GgufBuilder.Llama().Build());

        ModelCatalog catalog = Catalog(
            ("finch:latest", new ModelSettings { Path = file }), ("otter:latest", new ModelSettings { ContextSize = 77 }));

        Assert.Equal(("otter:latest", 77), (catalog.Find("otter").Model?.Reference, catalog.Find("otter").Model?.ContextSize));
        Assert.Equal("finch:latest", catalog.Find("finch").Model?.Reference);
    }

    [Fact]
    public void A_path_of_an_engine_that_does_not_exist_is_named_and_a_folder_is_not()
    {
        string missing = Path.Join(_store.Path, "none"), folder = Directory.CreateDirectory(Path.Join(_store.Path, "weights")).FullName;

        ModelCatalog catalog = Catalog(
            ("otter:latest", Model(WithPath) with { Path = missing }), ("finch:latest", Model(WithPath) with { Path = folder }));

        Assert.Equal($"the path {missing} of model otter:latest does not exist; correct it in the configuration", Assert.Single(catalog.ListProblems()));
        Assert.NotNull(catalog.Find("otter").Model);
    }

    [Fact]
    public void A_file_that_an_engine_does_not_use_is_named()
    {
        _store.Write("otter.gguf", GgufBuilder.Llama().Build());

        string problem = Assert.Single(Catalog(("otter:latest", Model(WithoutPath))).ListProblems());

        Assert.Equal("the file otter.gguf is not used: the model otter:latest is run by engine x; rename the file to use it", problem);
    }

    private static ModelSettings Model(EngineSettings engine) => new() { Engine = engine, Mode = RunnerMode.Completion, Backend = "x" };

    private ModelCatalog Catalog(params (string Reference, ModelSettings Settings)[] models) => new(
        new DaemonSettings
        {
            Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path,
            Models = models.ToDictionary(static model => model.Reference, static model => model.Settings, StringComparer.Ordinal),
        },
        new FakeTimeProvider());
}

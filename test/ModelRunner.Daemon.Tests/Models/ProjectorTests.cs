using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class ProjectorTests : IDisposable
{
    private static readonly byte[] Model = GgufBuilder.Llama().Build();
    private static readonly byte[] Projector = new GgufBuilder().Text("general.architecture", "clip").Tensor("mm.0.weight", 0, 32, 100).Build();
    private readonly TemporaryFolder _store = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("otter-7b-q4_k_m.gguf", "otter-7b-q4_k_m.gguf", "mmproj.gguf", "mmproj.gguf")]
    [InlineData("otter.gguf", "otter.gguf", "mmproj-llava-f16.gguf", "mmproj-llava-f16.gguf")]
    [InlineData("otter.gguf", "otter.gguf", "mmproj-f32.gguf mmproj-f16.gguf mmproj-q8_0.gguf", "mmproj-f16.gguf")]
    [InlineData("Otter-7B-Q4_K_M.gguf", "Otter-7B-Q4_K_M.gguf Otter-7B-Q8_0.gguf Otter-7B-UD-IQ2_XS.gguf", "mmproj-BF16.gguf", "mmproj-BF16.gguf")]
    [InlineData("otter-q8_0.gguf", "otter-q8_0.gguf finch-q8_0.gguf", "mmproj-f16.gguf", null)]
    [InlineData("otter-q8_0.gguf", "otter-q8_0.gguf finch-q8_0.gguf", "mmproj-finch-f16.gguf otter-mmproj-f16.gguf", "otter-mmproj-f16.gguf")]
    [InlineData("otter-vl-7b-q8_0.gguf", "otter-vl-7b-q8_0.gguf otter-vl-q8_0.gguf", "mmproj-otter-vl-f16.gguf mmproj-otter-vl-7b-f16.gguf", "mmproj-otter-vl-7b-f16.gguf")]
    [InlineData("otters.gguf", "otters.gguf finch.gguf", "mmproj-otter.gguf", null)]
    public void A_projector_belongs_to_the_models_with_its_name_or_to_the_only_model(
        string model, string models, string projectors, string? chosen) =>
        Assert.Equal(chosen, ProjectorChoice.Choose(model, models.Split(' '), projectors.Split(' ')));

    [Fact]
    public void A_projector_is_not_listed_and_counts_in_the_estimate()
    {
        _store.Write("alone/otter.gguf", Model);
        _store.Write("seeing/otter.gguf", Model);
        string projector = _store.Write("seeing/otter-mmproj-f16.gguf", Projector);
        ModelCatalog catalog = Catalog();

        Assert.Equal(["alone/otter:latest", "seeing/otter:latest"], catalog.List().Select(static model => model.Reference));
        (ModelEntry alone, ModelEntry seeing) = (catalog.List()[0], catalog.List()[1]);
        Assert.Equal((null, projector), (alone.ProjectorPath, seeing.ProjectorPath));
        Assert.Equal(Projector.Length, seeing.MemoryBytes(RunnerMode.Completion) - alone.MemoryBytes(RunnerMode.Completion));
        Assert.Empty(catalog.ListProblems());
    }

    [Fact]
    public void A_projector_that_matches_several_models_is_reported()
    {
        _store.Write("otter.gguf", Model);
        _store.Write("finch.gguf", Model);
        _store.Write("mmproj-f16.gguf", Projector);
        ModelCatalog catalog = Catalog();

        Assert.All(catalog.List(), static model => Assert.Null(model.ProjectorPath));
        Assert.StartsWith("the image projector mmproj-f16.gguf is in a folder with several models,", Assert.Single(catalog.ListProblems()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_a_damaged_projector_runs_without_pictures()
    {
        _store.Write("otter.gguf", Model);
        _store.Write("mmproj.gguf", Projector[..^4]);
        ModelCatalog catalog = Catalog();

        Assert.Null(Assert.Single(catalog.List()).ProjectorPath);
        Assert.StartsWith(
            "model \"otter:latest\" is run without pictures: the image projector mmproj.gguf is truncated",
            Assert.Single(catalog.ListProblems()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_projector_with_another_name_is_not_a_model()
    {
        _store.Write("vision.gguf", Projector);

        Assert.Contains("its file vision.gguf is an image projector; ", Catalog().Find("vision").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_projector_of_the_configuration_is_used()
    {
        _store.Write("otter.gguf", Model);
        _store.Write("mmproj.gguf", Projector);
        string other = _store.Write("other/vision.bin", Projector);

        Assert.Equal(other, Configured(new ModelSettings { ProjectorPath = other }).Find("otter").Model?.ProjectorPath);
        Assert.Null(Configured(new ModelSettings { HasNoProjector = true }).Find("otter").Model?.ProjectorPath);
        Assert.Equal(
            "model \"otter:latest\" cannot be used: its mmproj gone.gguf does not exist",
            Configured(new ModelSettings { ProjectorPath = "/nowhere/gone.gguf" }).Find("otter").Problem);
        Assert.EndsWith("otter.gguf is not an image projector",
            Configured(new ModelSettings { ProjectorPath = Path.Join(_store.Path, "otter.gguf") }).Find("otter").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_outside_the_store_gets_its_projector()
    {
        using var elsewhere = new TemporaryFolder();
        string path = elsewhere.Write("otter-00001-of-00002.gguf", Model);
        elsewhere.Write("otter-00002-of-00002.gguf", Model);
        string projector = elsewhere.Write("mmproj-otter.gguf", Projector);
        elsewhere.Write("finch.gguf", Model);

        Assert.Equal(projector, Configured(new ModelSettings { Path = path }).Find("otter").Model?.ProjectorPath);
    }

    [Fact]
    public void A_warning_says_that_the_embedded_engine_cannot_read_pictures()
    {
        _store.Write("otter.gguf", Model);
        _store.Write("mmproj.gguf", Projector);
        var catalog = new ModelCatalog(Settings() with { Runners = new RunnerSettings { LlamaHostPath = "/x/llama-host" } }, _time);

        Assert.Contains("the embedded engine cannot read them", Assert.Single(catalog.ListProblems()), StringComparison.Ordinal);
    }

    private ModelCatalog Catalog() => new(Settings(), _time);

    private ModelCatalog Configured(ModelSettings model) =>
        new(Settings() with { Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["otter:latest"] = model } }, _time);

    private DaemonSettings Settings() => new() { Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path };
}

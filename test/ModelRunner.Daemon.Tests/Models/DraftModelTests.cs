using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Which file a draft model is, and what a model without a usable one says.</summary>
public sealed class DraftModelTests : IDisposable
{
    private static readonly RunnerSettings Server = new() { LlamaServerPath = "/x/llama-server" };

    private readonly TemporaryFolder _store = new();

    public DraftModelTests() => _store.Write("otter.gguf", ShapeModels.Build("llama"));

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("lab/small", "small")]
    [InlineData("lab/small", "Lab/Small:latest")]
    [InlineData("ai/small", "docker.io/ai/small")]
    public void A_draft_model_is_found_by_the_names_that_requests_may_use(string file, string written)
    {
        string path = _store.Write($"{file}.gguf", ShapeModels.Build("llama"));

        ModelEntry model = Find(written).Model!;

        Assert.Equal(($"{file}:latest", path), (model.Draft!.Reference, model.Draft.File.Path));
        Assert.Equal([_store.PathOf("otter.gguf"), path], model.Files.Select(static part => part.Path));
        Assert.NotNull(model.Memory[RunnerMode.Completion].Draft);
    }

    [Theory]
    [InlineData("ghost", "its draft model \"ghost:latest\" is not here; pull it, or name another one in its settings")]
    [InlineData("otter", "its draft model \"otter:latest\" is the model itself; name another one in its settings")]
    [InlineData("words", "its draft model \"words:latest\" cannot be used: it makes no text; name another one")]
    [InlineData("part", "its draft model \"part:latest\" cannot be used: its file part.gguf ")]
    [InlineData("twin", "its draft model is not clear: model \"twin:latest\" could be any of a/twin:latest, b/twin:latest; write one of them in full")]
    [InlineData("split", "split-00002-of-00002.gguf is missing, one of its 2 parts; put it beside the others; name another one")]
    [InlineData("own", "its draft model \"own:latest\" is run by engine x and not by llama.cpp; name another one")]
    public void One_that_cannot_be_used_is_named_with_the_way_out(string name, string problem)
    {
        _store.Write("words.gguf", ShapeModels.Build("bert"));
        _store.Write("part.gguf", ShapeModels.Build("llama")[..100]);
        _store.Write("split-00001-of-00002.gguf", ShapeModels.Build("llama"));
        _store.Write("a/twin.gguf", ShapeModels.Build("llama"));
        _store.Write("b/twin.gguf", ShapeModels.Build("gemma3"));

        ModelLookup found = Find(name);

        Assert.Null(found.Model);
        Assert.Contains("model \"otter:latest\" cannot be used: its draft model ", found.Problem, StringComparison.Ordinal);
        Assert.Contains(problem, found.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(_store.Path, found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_embedded_engine_cannot_use_one()
    {
        _store.Write("small.gguf", ShapeModels.Build("llama"));

        ModelLookup found = Find("small", new RunnerSettings { LlamaHostPath = "/x/llama-host" });

        Assert.Contains(
            "its draft model needs llama-server, and only the embedded engine is here; install llama.cpp, set LLAMA_SERVER_PATH, or remove draft",
            found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_that_draft_without_it_are_refused()
    {
        _store.Write("small.gguf", ShapeModels.Build("llama"));

        Assert.Contains("--spec-type ngram-mod in its arguments does not use one, add draft-simple", Find("small", arguments: ["--spec-type", "ngram-mod"]).Problem, StringComparison.Ordinal);
        Assert.NotNull(Find("small", arguments: ["--spec-type", "draft-simple,ngram-mod"]).Model);
    }

    [Fact]
    public void A_model_that_makes_no_text_is_run_without_it_and_a_warning_says_so()
    {
        _store.Write("otter.gguf", ShapeModels.Build("bert"));
        _store.Write("small.gguf", ShapeModels.Build("llama"));
        ModelCatalog catalog = Catalog("small", Server, []);

        Assert.Null(catalog.Find("otter").Model!.Draft);
        Assert.Equal(
            "model \"otter:latest\" is run without its draft model, because it makes no text; remove the member draft", Assert.Single(catalog.ListProblems()));
    }

    [Fact]
    public void Measured_memory_belongs_to_the_model_with_its_draft_model()
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        _store.Write("small.gguf", ShapeModels.Build("llama"));
        Assert.True(keys.Add(KeyOf(Find(null).Model!)));
        Assert.True(keys.Add(KeyOf(Find("small").Model!)));
        Assert.False(keys.Add(KeyOf(Find("small").Model!)));
        Assert.False(keys.Add(KeyOf(Find("small", probability: 0.5).Model!)));
        Assert.True(keys.Add(KeyOf(Find("small", tokens: 100).Model!)));
        _store.Write("small.gguf", ShapeModels.Build("llama", words: 601));
        Assert.True(keys.Add(KeyOf(Find("small").Model!)));
    }

    [Fact]
    public void A_runner_whose_draft_model_is_another_file_is_outdated()
    {
        string path = _store.Write("small.gguf", ShapeModels.Build("llama"));
        ModelCatalog catalog = Catalog("small", Server, []);
        ModelEntry started = catalog.Find("otter").Model!;
        ModelSource now = catalog.FindNow("otter:latest")!;
        var runner = new RunnerSnapshot
        {
            Id = new RunnerId(1), Key = new RunnerKey(ModelSettings.LlamaBackend, "otter:latest", RunnerMode.Completion), State = RunnerState.Ready,
            IsAttached = false, Engine = "llama-server", Model = started, LoadedFiles = started.Files,
        };

        Assert.Empty(OutdatedRunners.Find([runner], _ => now, []));
        _store.Write("small.gguf", ShapeModels.Build("llama", words: 601));
        Assert.True(started.HasSameFileAs(started with { }));
        Assert.False(started.HasSameFileAs(Find("small").Model!));
        Assert.False(started.HasSameFileAs(started with { Draft = null }));
        ModelSource written = now with { Draft = now.Draft! with { File = ModelFile.FromPath(path) } };
        Assert.Equal(OutdatedReason.Draft, Assert.Single(OutdatedRunners.Find([runner], _ => written, [])).Value);
        Assert.Equal("the file of its draft model changed", OutdatedText.Of(OutdatedReason.Draft));
        Assert.Empty(OutdatedRunners.Find([runner with { Key = runner.Key with { Mode = RunnerMode.Embedding } }], _ => written, []));
        ModelSource moved = now with { Draft = now.Draft! with { File = ModelFile.FromPath(_store.Write("x/small.gguf", ShapeModels.Build("llama"))) } };
        Assert.Equal(OutdatedReason.Draft, Assert.Single(OutdatedRunners.Find([runner], _ => moved, [])).Value);
        Assert.Empty(OutdatedRunners.Find([runner], _ => now with { Draft = now.Draft! with { File = null } }, []));
    }

    private static string KeyOf(ModelEntry model) => MemoryKey.Of(model, RunnerMode.Completion)!;

    private ModelLookup Find(
        string? draft, RunnerSettings? runners = null, string[]? arguments = null, int? tokens = null, double? probability = null) =>
        Catalog(draft, runners ?? Server, arguments ?? [], tokens, probability).Find("otter");

    private ModelCatalog Catalog(string? draft, RunnerSettings runners, string[] arguments, int? tokens = null, double? probability = null)
    {
        DraftSettings? settings = draft is not null && ModelReference.TryParseWritten(draft, out ModelReference name, out _)
            ? new DraftSettings(name) { MaxTokens = tokens, MinProbability = probability }
            : null;
        return new ModelCatalog(
            new DaemonSettings
            {
                Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path, Runners = runners,
                Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal)
                {
                    ["otter:latest"] = new() { Draft = settings, Arguments = arguments },
                    ["own:latest"] = new()
                    {
                        Engine = new EngineSettings("x", ["x", "{port}"], "/health", null), Mode = RunnerMode.Completion, Backend = "x",
                    },
                },
            },
            new FakeTimeProvider());
    }
}

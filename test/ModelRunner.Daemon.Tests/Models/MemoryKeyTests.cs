using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class MemoryKeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _engine;

    public MemoryKeyTests()
    {
        _engine = _folder.PathOf("llama-server");
        File.WriteAllText(_engine, "one");
        Write("llama");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_moved_or_touched_file_has_the_same_key()
    {
        string before = Key();
        string moved = _folder.PathOf("moved.gguf");
        File.Move(_folder.PathOf("model.gguf"), moved);
        File.SetLastWriteTimeUtc(moved, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.Equal(before, Key(file: "moved.gguf"));
        Assert.Matches("^[0-9a-f]{32}$", before);
    }

    [Fact]
    public void Another_model_engine_mode_or_context_has_another_key()
    {
        var keys = new HashSet<string>(StringComparer.Ordinal) { Key() };
        Assert.True(keys.Add(Key(mode: RunnerMode.Embedding)));
        Assert.True(keys.Add(Key(context: 1024)));
        File.WriteAllText(_engine, "another version");
        Assert.True(keys.Add(Key()));
        Write("qwen3moe");
        Assert.True(keys.Add(Key()));
        Write("llama", words: 601);
        Assert.True(keys.Add(Key()));
    }

    [Theory]
    [InlineData("--no-mmap", true)]
    [InlineData("--cache-type-k q8_0", true)]
    [InlineData("--n-gpu-layers 5", true)]
    [InlineData("--parallel 2", true)]
    [InlineData("--cache-ram 64", true)]
    [InlineData("--temp 0.1", false)]
    [InlineData("--threads 3 --seed 7", false)]
    [InlineData("--jinja --reasoning-budget -1", false)]
    public void Arguments_make_another_key_if_they_change_the_memory(string arguments, bool isOther) =>
        Assert.Equal(isOther, Key() != Key(arguments: arguments.Split(' ')));

    [Fact]
    public void A_model_with_an_engine_of_its_own_has_no_key() =>
        Assert.Null(MemoryKey.Of(new ModelEntry("x:latest", "/x", 0, default, new ModelSettings()), RunnerMode.Completion));

    private void Write(string architecture, uint words = 600) => File.WriteAllBytes(_folder.PathOf("model.gguf"), ShapeModels.Build(architecture, words));

    private string Key(RunnerMode mode = RunnerMode.Completion, int? context = null, string[]? arguments = null, string file = "model.gguf")
    {
        var settings = new DaemonSettings
        {
            Listen = new ListenSettings(null, null), ModelsPath = "/nowhere", Runners = new RunnerSettings { LlamaServerPath = _engine },
            Models = new Dictionary<string, ModelSettings>
            {
                ["m:latest"] = new() { Path = _folder.PathOf(file), ContextSize = context, Arguments = [.. arguments ?? [], "--pooling", "mean"] },
            },
        };
        ModelEntry model = new ModelCatalog(settings, TimeProvider.System).Find("m").Model!;
        return MemoryKey.Of(model with { Memory = new Dictionary<RunnerMode, MemoryEstimate> { [mode] = model.Memory.Values.First() } }, mode)!;
    }
}

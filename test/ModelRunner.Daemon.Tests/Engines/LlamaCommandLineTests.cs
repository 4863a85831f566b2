using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class LlamaCommandLineTests
{
    private static readonly ModelEntry Big = new("big:latest", "/m/big.gguf", 4_000_000_000, DateTimeOffset.UnixEpoch, new ModelSettings())
    {
        ContextSize = 4096,
        Slots = 4,
    };

    [Fact]
    public void The_context_of_all_slots_is_asked_for() =>
        Assert.Equal(
            [
                "--model", "/m/big.gguf", "--host", "/r/1.sock", "--alias", "big:latest", "--metrics", "--parallel", "4", "--ctx-size", "16384",
                "--threads-http", "68",
            ],
            Build(Big));

    [Theory]
    [InlineData(4, "", 64, "68")]
    [InlineData(100, "", 100, "104")]
    [InlineData(4, "--threads-http 16", 12, "16")]
    [InlineData(4, "--threads-http 8", 4, "8")]
    [InlineData(4, "--threads-http 5", 4, "8")]
    [InlineData(4, "--threads-http 1", 4, "8")]
    [InlineData(1, "--threads-http 1", 1, "5")]
    [InlineData(4, "--threads-http -1", 64, "68")]
    [InlineData(4, "--threads-http 0", 64, "68")]
    [InlineData(4, "--threads-http 16 --threads-http 1", 4, "8")]
    public void Llama_server_has_a_thread_for_each_connection_that_may_be_open(int slots, string added, int connections, string threads)
    {
        var settings = new RunnerSettings { ExtraArguments = added.Split(' ', StringSplitOptions.RemoveEmptyEntries) };
        ModelEntry model = Big with { Slots = slots };

        IReadOnlyList<string> arguments = LlamaCommandLine.Build(isLlamaServer: true, model, RunnerMode.Completion, "/r/1.sock", settings, true);

        Assert.Equal(connections, LlamaConnections.ForRequests(settings, model));
        Assert.Equal(threads, arguments[arguments.ToList().IndexOf("--threads-http") + 1]);
        Assert.Single(arguments, "--threads-http");
        Assert.DoesNotContain("--threads-http", LlamaCommandLine.Build(isLlamaServer: false, Big, RunnerMode.Completion, "/r/1.sock", new RunnerSettings(), true));
    }

    [Fact]
    public void The_threads_follow_the_processors_of_the_model_unless_the_user_chose_them()
    {
        ProcessorSet one = ProcessorSet.Of([0])!;
        ProcessorSet two = ProcessorSet.Of([8190, 8191])!;
        ModelEntry own = Big with { Settings = new ModelSettings { CpuSet = one } };
        var all = new RunnerSettings { CpuSet = two };

        Assert.Equal("1", Threads(own, all));
        Assert.Equal("2", Threads(Big, all));
        Assert.Null(Threads(Big, new RunnerSettings()));
        Assert.Equal("7", Threads(Big, all with { ExtraArguments = ["--threads", "7"] }));
        Assert.Equal("1", Threads(Big with { SizeBytes = 1000 }, all));
    }

    private static string? Threads(ModelEntry model, RunnerSettings settings) => LlamaArguments.FindText(
        LlamaCommandLine.Build(isLlamaServer: true, model, RunnerMode.Completion, "/r/1.sock", settings, true), "--threads");

    [Fact]
    public void Llama_server_gets_the_adapters_of_a_model()
    {
        ModelEntry model = Big with { Adapters = ["/o/a", "/o/b"] };

        string arguments = string.Join(' ', LlamaCommandLine.Build(isLlamaServer: true, model, RunnerMode.Completion, "/r/1.sock", new RunnerSettings(), true));

        Assert.Contains(" --lora /o/a --lora /o/b ", arguments, StringComparison.Ordinal);
    }

    [Fact]
    public void Disabled_metrics_are_disabled_in_the_runner_too() =>
        Assert.DoesNotContain("--metrics", LlamaCommandLine.Build(isLlamaServer: true, Big, RunnerMode.Completion, "/r/1.sock", new RunnerSettings(), false));

    [Theory]
    [InlineData("Embedding", "--embeddings")]
    [InlineData("Reranking", "--reranking")]
    public void The_mode_has_its_argument(string mode, string argument)
    {
        IReadOnlyList<string> arguments = Build(Big, Enum.Parse<RunnerMode>(mode));

        Assert.Contains(argument, arguments);
        Assert.Equal("4096", arguments[arguments.ToList().IndexOf("--ubatch-size") + 1]);
        Assert.Equal("4096", arguments[arguments.ToList().IndexOf("--batch-size") + 1]);
    }

    [Fact]
    public void A_short_context_does_not_make_the_batch_shorter_than_the_default()
    {
        IReadOnlyList<string> arguments = Build(Big with { ContextSize = 128 }, RunnerMode.Embedding);

        Assert.Equal("512", arguments[arguments.ToList().IndexOf("--ubatch-size") + 1]);
    }

    [Theory]
    [InlineData("lab/otter:7b", "lab/otter:7b")]
    [InlineData("a,b:latest", "a%2Cb:latest")]
    [InlineData("50%,x:latest", "50%25%2Cx:latest")]
    [InlineData("-x:latest", "-x:latest")]
    public void The_alias_is_one_name_to_the_engine(string reference, string alias)
    {
        IReadOnlyList<string> arguments = Build(Big with { Reference = reference });

        Assert.Equal(alias, arguments[arguments.ToList().IndexOf("--alias") + 1]);
    }

    [Fact]
    public void A_projector_is_given_to_llama_server_where_it_completes()
    {
        ModelEntry model = Big with { ProjectorPath = "/m/mmproj.gguf" };

        Assert.Equal(["--mmproj", "/m/mmproj.gguf"], Build(model).SkipWhile(static word => word != "--mmproj").Take(2));
        Assert.DoesNotContain("--mmproj", Build(model, RunnerMode.Embedding));
        Assert.DoesNotContain("--mmproj", LlamaCommandLine.Build(isLlamaServer: false, model, RunnerMode.Completion, "/r/1.sock", new RunnerSettings(), true));
    }

    [Fact]
    public void Arguments_that_the_engine_does_not_know_are_left_out_with_their_values()
    {
        var flags = new EngineFlags(new HashSet<string>(["--seed", "--draft-p-min"], StringComparer.Ordinal), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));
        var settings = new RunnerSettings
        {
            ExtraArguments = ["--mlock", "--seed", "7", "--top-k", "20", "--spec-draft-p-min", "0.5"], EngineFlags = flags,
        };

        IReadOnlyList<string> arguments = LlamaCommandLine.Build(isLlamaServer: true, Big, RunnerMode.Completion, "/r/1.sock", settings, true);

        Assert.Equal(["--seed", "7", "--draft-p-min", "0.5"], arguments.TakeLast(4));
        Assert.DoesNotContain("--top-k", arguments);
        Assert.DoesNotContain("--mlock", arguments);
    }

    [Fact]
    public void A_small_model_gets_one_thread()
    {
        IReadOnlyList<string> arguments = Build(Big with { SizeBytes = 1_000_000 });

        Assert.Equal("1", arguments[arguments.ToList().IndexOf("--threads") + 1]);
    }

    [Fact]
    public void What_the_user_adds_replaces_the_defaults_and_the_models_own_comes_last()
    {
        var settings = new RunnerSettings { ExtraArguments = ["--threads", "3", "--top-k", "20"] };
        ModelEntry model = Big with { SizeBytes = 1, Settings = new ModelSettings { Arguments = ["--ctx-size", "512"] } };

        IReadOnlyList<string> arguments = LlamaCommandLine.Build(isLlamaServer: true, model, RunnerMode.Completion, "/r/1.sock", settings, true);

        Assert.Equal(["--metrics", "--parallel", "4", "--threads-http", "68", "--threads", "3", "--top-k", "20", "--ctx-size", "512"], arguments.Skip(6));
    }

    [Fact]
    public void The_context_size_of_a_model_replaces_the_argument_for_every_runner()
    {
        var settings = new RunnerSettings { ExtraArguments = ["--ctx-size", "131072", "--top-k", "20"] };
        ModelEntry model = Big with { ContextSize = 8192, Settings = new ModelSettings { ContextSize = 8192 } };

        IReadOnlyList<string> arguments = LlamaCommandLine.Build(isLlamaServer: true, model, RunnerMode.Completion, "/r/1.sock", settings, true);

        Assert.Equal("32768", LlamaArguments.FindText(arguments, "--ctx-size"));
        Assert.Single(arguments, "--ctx-size");
        Assert.Equal("20", LlamaArguments.FindText(arguments, "--top-k"));
    }

    [Fact]
    public void An_unknown_context_is_left_to_the_engine() =>
        Assert.DoesNotContain("--ctx-size", Build(Big with { ContextSize = 0 }));

    [Fact]
    public void Llama_server_is_preferred_to_the_embedded_runner()
    {
        Assert.Equal("llama-server", LlamaEngine.Choose(new RunnerSettings { LlamaServerPath = "/a", LlamaHostPath = "/b" }, hasMetrics: true)?.Name);
        Assert.Equal("llama-host", LlamaEngine.Choose(new RunnerSettings { LlamaHostPath = "/b" }, hasMetrics: true)?.Name);
        Assert.Null(LlamaEngine.Choose(new RunnerSettings(), hasMetrics: true));
    }

    private static IReadOnlyList<string> Build(ModelEntry model, RunnerMode mode = RunnerMode.Completion) =>
        LlamaCommandLine.Build(isLlamaServer: true, model, mode, "/r/1.sock", new RunnerSettings(), true);
}

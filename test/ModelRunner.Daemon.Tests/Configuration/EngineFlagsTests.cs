using System.Diagnostics;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class EngineFlagsTests : IDisposable
{
    private const string Help = """
        ----- common params -----

        -h,    --help, --usage                  print usage and exit
        -t,    --threads N                      number of CPU threads to use (default: <num_cpus>)
                                                (env: LLAMA_ARG_THREADS)
        -fa,   --flash-attn [on|off|auto]       set Flash Attention use
        --perf, --no-perf                       whether to measure
        -ot,   --override-tensor <tensor name pattern>=<buffer type>,...
                                                override tensor buffer type
        -lm,   --load-mode MODE                 model loading mode
                                                - mmap: memory-map model; see --not-a-flag
        --spec-draft-n-max N                    tokens to draft
        --spec-draft-p-min, --draft-p-min P     least probability
        --draft, --draft-n, --draft-max N       the argument has been removed. use --spec-draft-n-max or
                                                --spec-ngram-mod-n-max
                                                (env: LLAMA_ARG_DRAFT_MAX)
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_help_text_is_parsed()
    {
        EngineFlags flags = EngineFlags.Parse(Help)!;

        Assert.Equal(
            "--draft-p-min --flash-attn --help --load-mode --no-perf --override-tensor --perf --spec-draft-n-max --spec-draft-p-min --threads --usage -fa -h -lm -ot -t",
            string.Join(' ', flags.Known.Order(StringComparer.Ordinal)));
        Assert.Equal(["--draft", "--draft-max", "--draft-n"], flags.Removed.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["--spec-draft-n-max", "--spec-ngram-mod-n-max"], flags.Removed["--draft-max"]);
    }

    [Theory]
    [InlineData(" - 3: info\n - 4: trace (more info)\n - 5: debug\n", true)]
    [InlineData(" - 3: info\n - 4: debug\n", false)]
    [InlineData("", false)]
    public void Only_a_help_with_a_level_trace_has_it(string levels, bool expected) => Assert.Equal(expected, EngineFlags.Parse(Help + "\n" + levels)!.HasTraceLevel);

    [Theory]
    [InlineData("")]
    [InlineData("error: invalid argument: --help")]
    [InlineData("usage: x [-h] [--other]\n  -h  help")]
    public void Other_text_is_not_a_help_text(string text) => Assert.Null(EngineFlags.Parse(text));

    [Theory]
    [InlineData("--draft-max", "write --spec-draft-n-max instead.")]
    [InlineData("--mlock", "write --load-mode mlock instead.")]
    [InlineData("--no-mmap", "write --load-mode none instead.")]
    [InlineData("--cache-ram", "leave it out, or use a llama-server that knows it; llama-server --help lists what it knows.")]
    public void An_argument_that_this_version_does_not_know_is_refused_with_its_new_name(string name, string remedy)
    {
        string[] arguments = LlamaArgumentTable.Arguments[name].Kind == LlamaValueKind.None ? [name] : [name, "1"];
        DaemonSettings settings = Settings(arguments);

        ConfigurationProblem problem = Assert.Single(EngineArgumentCheck.FindUnknown(settings, EngineFlags.Parse(Help)!));

        Assert.Equal($"LLAMA_ARGS: \"{name}\" is not known to this llama-server; {remedy}", problem.ToString());
    }

    [Fact]
    public void A_new_name_is_refused_with_the_old_one_if_only_that_is_known()
    {
        EngineFlags flags = EngineFlags.Parse("-a, --b\n-c, --d\n-e, --f\n-g, --h\n--draft, --draft-n, --draft-max N  tokens to draft\n--mlock  lock it")!;

        Assert.EndsWith("write --draft-max instead.", Assert.Single(EngineArgumentCheck.FindUnknown(Settings("--spec-draft-n-max", "4"), flags)).ToString(), StringComparison.Ordinal);
        Assert.EndsWith("write --mlock instead.", Assert.Single(EngineArgumentCheck.FindUnknown(Settings("--load-mode", "mlock"), flags)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Known_arguments_are_accepted_in_all_spellings() =>
        Assert.Empty(EngineArgumentCheck.FindUnknown(Settings("--threads", "2", "--override-tensor", "a=b", "--spec-draft-p-min", "0.5"), EngineFlags.Parse(Help)!));

    [Fact]
    public async Task The_help_of_a_program_is_read()
    {
        string program = Script($"cat <<'END'\n{Help}\nEND");

        Assert.Contains("--flash-attn", (await EngineHelp.ReadAsync(program, TimeSpan.FromSeconds(30), Cancellation))!.Known);
    }

    [Fact]
    public async Task The_program_gets_no_key_when_its_help_is_read()
    {
        const string Secret = "MODEL_RUNNER_TEST_API_KEY";
        Environment.SetEnvironmentVariable(Secret, "--leaked");
        try
        {
            string program = Script($"cat <<END\n{Help}\n  ${{{Secret}---kept}} N  a number\nEND");

            IReadOnlySet<string> known = (await EngineHelp.ReadAsync(program, TimeSpan.FromSeconds(30), Cancellation))!.Known;

            Assert.Contains("--kept", known);
            Assert.DoesNotContain("--leaked", known);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Secret, null);
        }
    }

    [Theory]
    [InlineData("exec sleep 600")]
    [InlineData("sleep 600 & wait")]
    [InlineData("exit 3")]
    [InlineData("yes -- --flag")]
    public async Task A_program_without_help_is_stopped_after_a_limited_time(string script)
    {
        var watch = Stopwatch.StartNew();

        EngineFlags? flags = await EngineHelp.ReadAsync(Script(script), TimeSpan.FromSeconds(1), Cancellation);

        Assert.Null(flags);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_program_that_cannot_be_executed_gives_no_help() =>
        Assert.Null(await EngineHelp.ReadAsync(Path.Join(_folder.Path, "none"), TimeSpan.FromSeconds(5), Cancellation));

    [Fact]
    public async Task The_real_llama_server_knows_the_arguments_that_the_daemon_sets()
    {
        string? path = Environment.GetEnvironmentVariable("LLAMA_SERVER_PATH");
        Prerequisite.Require(path is not null, "There is no llama-server: set LLAMA_SERVER_PATH.");
        path = Directory.Exists(path) ? Path.Join(path, "llama-server") : path;

        EngineFlags? flags = await EngineHelp.ReadAsync(path, TimeSpan.FromSeconds(60), Cancellation);

        Assert.NotNull(flags);
        foreach (string name in (string[])["--model", "--host", "--alias", "--metrics", "--embeddings", "--reranking", "--parallel", "--ctx-size",
            "--threads", "--batch-size", "--ubatch-size", "--mmproj", "--override-tensor", "--reasoning-preserve"])
            Assert.Contains(name, flags.Known);
        Assert.Empty(flags.Known.Intersect(flags.Removed.Keys, StringComparer.Ordinal));
    }

    private static DaemonSettings Settings(params string[] arguments) => new()
    {
        Listen = new ListenSettings(null, null), ModelsPath = "/nowhere", Runners = new RunnerSettings { ExtraArguments = arguments },
    };

    private string Script(string text)
    {
        string path = _folder.WriteExecutable("engine");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        return path;
    }
}

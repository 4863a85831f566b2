using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Models;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class DraftArgumentsTests
{
    private const string OldHelp = "-t, --threads N  t\n--metrics  m\n--host H  h\n--alias A  a\n--model M  m\n--ctx-size N  c\n--parallel N  p\n--temp N  t\n";

    private static readonly DraftSettings Settings = new(ModelReference.FromCanonical("small")) { MaxTokens = 8, MinProbability = 0.75 };

    [Fact]
    public void Llama_server_gets_the_draft_model_after_the_arguments_of_the_user() =>
        Assert.EndsWith(
            " --temp 0.5 --spec-draft-model /m/small.gguf --spec-type draft-simple --spec-draft-n-max 8 --spec-draft-p-min 0.75",
            Build(Settings, "--temp 0.5", Flags(OldHelp + "--spec-draft-model F  d\n--spec-type none,draft-simple  t\n--spec-draft-n-max N  n\n--spec-draft-p-min P  p\n")),
            StringComparison.Ordinal);

    [Fact]
    public void An_older_llama_server_gets_the_names_that_it_knows() =>
        Assert.EndsWith(
            " --model-draft /m/small.gguf --draft-max 8 --draft-p-min 0.75",
            Build(Settings, "", Flags(OldHelp + "-md, --model-draft F  d\n--draft-max, --draft N  n\n--draft-p-min P  p\n")), StringComparison.Ordinal);

    [Fact]
    public void A_kind_of_drafting_that_the_user_chose_is_kept()
    {
        string arguments = Build(
            Settings with { MaxTokens = null, MinProbability = null }, "--spec-type draft-simple,ngram-cache",
            Flags(OldHelp + "--spec-draft-model F  d\n--spec-type none,draft-simple  t\n"));

        Assert.EndsWith(" --spec-type draft-simple,ngram-cache --spec-draft-model /m/small.gguf", arguments, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunnerMode.Embedding, true)]
    [InlineData(RunnerMode.Completion, false)]
    public void Only_completion_runners_of_llama_server_get_it(RunnerMode mode, bool isLlamaServer) =>
        Assert.DoesNotContain("small", Build(Settings, "", null, mode, isLlamaServer), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "draft.model")]
    [InlineData("--spec-draft-model F  d\n", "draft.maxTokens")]
    [InlineData("--spec-draft-model F  d\n--draft-max N  n\n", "draft.minProbability")]
    [InlineData("--spec-draft-model F  d\n--draft-max N  n\n--spec-draft-p-min P  p\n", null)]
    public void What_llama_server_has_no_argument_for_is_named(string help, string? member) =>
        Assert.Equal(member, DraftArguments.FindUnknown(Settings, Flags(OldHelp + help)));

    [Fact]
    public void A_draft_model_of_the_configuration_is_checked_against_the_help()
    {
        var settings = new DaemonSettings
        {
            Listen = new ListenSettings(null, null), ModelsPath = "/nowhere",
            Models = new Dictionary<string, ModelSettings> { ["otter:latest"] = new() { Draft = Settings } },
        };

        Assert.True(EngineArgumentCheck.IsNeeded(settings));
        Assert.Equal(
            "draft.model of otter:latest: has no argument in this llama-server; use a llama-server that knows --spec-draft-model, or remove it.",
            Assert.Single(EngineArgumentCheck.FindUnknown(settings, Flags(OldHelp))).ToString());
    }

    [Fact]
    public async Task The_real_llama_server_knows_all_of_them_and_uses_a_draft_model_only_if_it_is_told()
    {
        EngineFlags flags = (await EngineHelp.ReadAsync(RealLlamaServer.Require(), EngineHelp.DefaultPatience, TestContext.Current.CancellationToken))!;

        Assert.Null(DraftArguments.FindUnknown(Settings, flags));
        Assert.True(flags.HasDraftType);
    }

    private static EngineFlags Flags(string help) => EngineFlags.Parse(help)!;

    private static string Build(
        DraftSettings draft, string added, EngineFlags? flags, RunnerMode mode = RunnerMode.Completion, bool isLlamaServer = true)
    {
        var file = new ModelFile("small.gguf", ["/m/small.gguf"], 1, default, 0);
        var model = new ModelEntry("big:latest", "/m/big.gguf", 4_000_000_000, default, new ModelSettings())
        {
            ContextSize = 64, Draft = new DraftModel("small:latest", file, new GgufHeader { Architecture = "llama" }, draft),
        };
        var settings = new RunnerSettings { ExtraArguments = added.Split(' ', StringSplitOptions.RemoveEmptyEntries), EngineFlags = flags };
        return string.Join(' ', LlamaCommandLine.Build(isLlamaServer, model, mode, "/r/1.sock", settings, hasMetrics: true));
    }
}

using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class ConfigureCommandTests
{
    private const string Settings = """
        [{"Backend":"llama.cpp","Model":"otter:7b","ModelID":"otter:7b","Mode":"completion","Config":{"context-size":-1,"runtime-flags":["--threads","2"],"keep_alive":"10m","llamacpp":{"reasoning-budget":0},"speculative":{"draft_model":"me/small:v1","num_tokens":4,"min_acceptance_rate":0.5}}}]
        """;

    [Theory]
    [InlineData(
        "otter --context-size 8192 --keep-alive 10m --reasoning-budget 0 -- --threads 2 --temp=0.5",
        """{"model":"otter","context-size":8192,"keep_alive":"10m","llamacpp":{"reasoning-budget":0},"runtime-flags":["--threads","2","--temp=0.5"]}""", true)]
    [InlineData("--context-size auto otter", """{"model":"otter","context-size":"auto"}""", true)]
    [InlineData("otter --context-size=-1", """{"model":"otter","context-size":-1}""", true)]
    [InlineData(
        "otter --speculative-draft-model me/small:v1 --speculative-num-tokens 4 --speculative-min-acceptance-rate 0.5",
        """{"model":"otter","speculative":{"draft_model":"me/small:v1","num_tokens":4,"min_acceptance_rate":0.5}}""", true)]
    [InlineData("otter --speculative-draft-model ", """{"model":"otter","speculative":{"draft_model":""}}""", true)]
    [InlineData("otter --keep-alive 0", """{"model":"otter","keep_alive":"0"}""", false)]
    public async Task A_change_sends_only_what_the_user_wrote_and_shows_the_result(string line, string body, bool needsLoad)
    {
        await using FakeDaemon daemon = await StartAsync();

        (int exitCode, string output, string error) = await daemon.RunAsync(["configure", .. line.Split(' ')]);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(["/engines/_configure", "/engines/_configure"], daemon.Requests.Select(static request => request.Path));
        Assert.Equal(body, daemon.Requests.First().Body);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^MODEL +CONTEXT +KEEP ALIVE +REASONING +DRAFT +FLAGS$", lines[0]);
        Assert.Matches("^otter:7b +whole +10m +0 +me/small:v1, at most 4 tokens, from 0\\.5 +--threads 2$", lines[1]);
        Assert.Equal(needsLoad, lines.Contains("A loaded runner keeps its old settings until it is idle.", StringComparer.Ordinal));
    }

    [Fact]
    public async Task Settings_are_listed_shown_and_taken_back()
    {
        await using FakeDaemon daemon = await StartAsync();

        Assert.Equal(Settings.Trim() + "\n", (await daemon.RunAsync(["configure", "--list", "--json"])).Out);
        Assert.Contains("otter:7b", (await daemon.RunAsync(["configure", "--show", "a/b"])).Out, StringComparison.Ordinal);
        Assert.Equal("Reset the settings of 1 model.\n", (await daemon.RunAsync(["configure", "--reset", "a/b"])).Out);
        Assert.Equal("{\"reset_models\":1}\n", (await daemon.RunAsync(["configure", "--reset", "--all", "--json"])).Out);
        daemon.On("/engines/_configure", "[]");
        Assert.Equal("No model has changed settings.\n", (await daemon.RunAsync(["configure", "--list"])).Out);
        Assert.Equal("otter has the settings of the configuration file.\n", (await daemon.RunAsync(["configure", "--show", "otter"])).Out);
    }

    [Theory]
    [InlineData("configure", "needs the name of a model")]
    [InlineData("configure otter", "name a setting to change, such as --context-size 8192; --show shows what was changed")]
    [InlineData("configure --list otter", "--list shows all models; write --show to see one")]
    [InlineData("configure --reset", "needs the name of a model")]
    [InlineData("configure --reset --all otter", "--all belongs to --reset without a model")]
    [InlineData("configure --all otter", "--all belongs to --reset without a model")]
    [InlineData("configure --show --keep-alive 1m otter", "only one of them")]
    [InlineData("configure --show --reset otter", "only one of them")]
    [InlineData("configure otter --threads 2", "has no flag \"--threads\"")]
    [InlineData("configure otter --reasoning-budget much", "much")]
    [InlineData("configure otter --context-size 0", "--context-size: \"0\" is not a number of tokens from 1 to ")]
    [InlineData("configure otter --context-size=-2", "-1 for the whole context of the model, or auto for the largest that fits")]
    [InlineData("configure otter --speculative-num-tokens 4", "--speculative-num-tokens needs --speculative-draft-model with the name of a model")]
    [InlineData("configure otter --speculative-draft-model x --speculative-num-tokens 257", "\"257\" is not a number of tokens from 1 to 256")]
    [InlineData("configure otter --speculative-draft-model x --speculative-min-acceptance-rate 1.5", "\"1.5\" is not a number from 0 to 1")]
    [InlineData("configure otter --context-size large", "--context-size: \"large\" is not a number of tokens")]
    public async Task A_wrong_command_line_sends_nothing(string line, string sentence)
    {
        await using FakeDaemon daemon = await StartAsync();

        (int exitCode, _, string error) = await daemon.RunAsync(line.Split(' '));

        Assert.Equal(2, exitCode);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.Empty(daemon.Requests);
    }

    [Fact]
    public async Task A_refusal_is_one_sentence()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/engines/_configure", """{"error":{"message":"no such flag","type":"invalid_request_error","param":null,"code":null}}""", 400);

        Assert.Equal((1, "", "model-runner: no such flag\n"), await daemon.RunAsync(["configure", "otter", "--", "--nope"]));
    }

    private static async Task<FakeDaemon> StartAsync() => (await FakeDaemon.StartAsync()).On("/engines/_configure", static context =>
    {
        (int status, string body) = context.Request.Method switch
        {
            "POST" => (202, ""),
            "DELETE" => (200, """{"reset_models":1}"""),
            _ => (200, Settings.Trim()),
        };
        context.Response.StatusCode = status;
        if (body.Length > 0)
            context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    });
}

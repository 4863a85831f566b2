namespace ModelRunner.Daemon.Tests.Cli;

public sealed class UsageTests
{
    private const string Path = "/v1/chat/completions";
    private const string Answer = "data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata: [DONE]\n\n";

    [Theory]
    [InlineData("run otter --temprature 0 hello", "\"model-runner run\" has no flag \"--temprature\"; did you mean \"--temperature\"? (write -- before text that begins with a dash)")]
    [InlineData("run otter --temprature=0 hello", "\"model-runner run\" has no flag \"--temprature\"; did you mean \"--temperature\"? (write -- before text that begins with a dash)")]
    [InlineData("run --sytem x otter hello", "\"model-runner run\" has no flag \"--sytem\"; did you mean \"--system\"? (write -- before text that begins with a dash)")]
    [InlineData("run otter what is -1", "\"model-runner run\" has no flag \"-1\"; \"model-runner run --help\" lists its flags (write -- before text that begins with a dash)")]
    [InlineData("unload otter --al", "\"model-runner unload\" has no flag \"--al\"; did you mean \"--all\"? (write -- before text that begins with a dash)")]
    [InlineData("ps --jsn", "\"model-runner ps\" has no flag \"--jsn\"; did you mean \"--json\"?")]
    [InlineData("ps --hepl", "\"model-runner ps\" has no flag \"--hepl\"; did you mean \"--help\"?")]
    [InlineData("--json ps", "\"--json\" stands before its command; write it after \"model-runner ps\"")]
    [InlineData("ps otter", "\"model-runner ps\" does not accept \"otter\"")]
    [InlineData("serve --prot 1", "\"model-runner serve\" has no flag \"--prot\"; did you mean \"--port\"?")]
    [InlineData("sttaus", "there is no command \"sttaus\"; did you mean \"status\"?")]
    [InlineData("help sttaus", "there is no command \"sttaus\"; did you mean \"status\"?")]
    [InlineData("ps --json=perhaps", "--json: \"perhaps\" is not one of 1, true, yes, on, t, 0, false, no, off, f")]
    [InlineData("run", "\"model-runner run\" needs the name of a model; \"model-runner ls\" lists the models")]
    [InlineData("run otter --system", "\"--system\" needs a value")]
    [InlineData("pull", "\"model-runner pull\" needs the name of a model, such as ai/smollm2 or hf.co/ORG/REPO")]
    [InlineData("tag", "\"model-runner tag\" needs the name of a model; \"model-runner ls\" lists the models")] // once, though it needs two
    [InlineData("save otter", "\"model-runner save\" needs --output FILE")]
    [InlineData("save otter -o", "\"--output\" needs a value")]
    [InlineData("repackage a b --context-size large", "--context-size: \"large\" is not a whole number")]
    [InlineData("configure a --reasoning-budget 1.5", "--reasoning-budget: \"1.5\" is not a whole number")]
    [InlineData("help key ad", "there is no command \"key ad\"; did you mean \"key add\"?")]
    [InlineData("frobnicate", "there is no command \"frobnicate\"; \"model-runner help\" lists the commands")]
    public async Task An_unknown_word_ends_with_code_2_and_suggests_the_nearest_one(string arguments, string sentence)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        (int exitCode, string output, string error) = await daemon.RunAsync(arguments.Split(' '));

        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith($"model-runner: {sentence}\nmodel-runner: see \"model-runner", error, StringComparison.Ordinal);
        Assert.Empty(daemon.Requests);
    }

    [Theory]
    [InlineData("--json=no", "MODEL")]
    [InlineData("--json=0", "MODEL")]
    [InlineData("--json=false", "MODEL")]
    [InlineData("--json=yes", "[]")]
    [InlineData("--json", "[]")]
    public async Task A_switch_accepts_all_words_for_on_and_off(string flag, string output)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", "[]");
        Assert.StartsWith(output, (await daemon.RunAsync(["ps", flag])).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_formats_at_once_are_refused_before_a_request_is_sent()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        (int exitCode, string output, string error) = await daemon.RunAsync(["usage", "--csv", "--json"]);

        Assert.Equal((2, "", "model-runner: --csv and --json cannot be used together: choose one\n"), (exitCode, output, error));
        Assert.Empty(daemon.Requests);
    }

    [Theory]
    [InlineData("unload|--backend|", "--backend is empty; name a backend, or leave it out")] // it would stop all runners
    [InlineData("save|a/b|-o|", "-o has an empty name; name a file, or write - for standard output")]
    [InlineData("load|-i|-|--name|", "--name: \"\" is empty")]
    [InlineData("why|", "\"model-runner why\" does not accept an empty name; leave it out for all models")]
    public async Task An_empty_value_is_refused_before_a_request_is_sent(string arguments, string sentence)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        Assert.Equal((2, "", $"model-runner: {sentence}\n"), await daemon.RunAsync(arguments.Split('|')));
        Assert.Empty(daemon.Requests);
    }

    [Fact]
    public async Task A_name_that_no_request_can_have_is_refused()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        (int exitCode, _, string error) = await daemon.RunAsync(["inspect", new string('a', 2001)]);

        Assert.Equal(2, exitCode);
        Assert.Contains("has 2001 characters, and no model has more than 2000", error, StringComparison.Ordinal);
        Assert.Empty(daemon.Requests);
    }

    [Theory]
    [InlineData("run||hi")]
    [InlineData("unload|")]
    public async Task A_model_without_a_name_is_refused_before_a_request_is_sent(string arguments)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        (int exitCode, _, string error) = await daemon.RunAsync(arguments.Split('|'));

        Assert.Equal(2, exitCode);
        Assert.Contains("needs the name of a model", error, StringComparison.Ordinal);
        Assert.Empty(daemon.Requests);
    }

    [Theory]
    [InlineData("run|otter|--|--temprature|0", "--temprature 0")]
    [InlineData("run|--max-tokens|5|otter|--|-1|and|--system", "-1 and --system")]
    [InlineData("run|--|otter|--json", "--json")]
    [InlineData("run|otter|@home", "@home")]
    [InlineData("run|otter|say|--|--|twice", "say -- twice")]
    public async Task After_two_dashes_all_words_are_text(string arguments, string prompt)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream(Path, Answer);

        Assert.Equal((0, "ok\n", ""), await daemon.RunAsync(arguments.Split('|')));

        Assert.True(daemon.Requests.TryDequeue(out var request));
        Assert.Contains($$"""{"role":"user","content":"{{prompt}}"}""", request.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "  serve ")]
    [InlineData("help", "  unload ")]
    [InlineData("--help", "  status ")]
    [InlineData("help run", "--temperature <NUMBER>")]
    [InlineData("help help", "model-runner help")]
    public async Task Help_goes_to_standard_output_and_is_not_a_failure(string arguments, string part)
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();

        (int exitCode, string output, string error) = await daemon.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains(part, output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
    }
}

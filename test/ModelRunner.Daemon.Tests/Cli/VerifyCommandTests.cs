namespace ModelRunner.Daemon.Tests.Cli;

public sealed class VerifyCommandTests
{
    private const string Progress = """{"type":"progress","message":"Verified: 0.00 MB","total":7,"layer":{"id":"sha256:aa","size":7,"current":7},"mode":"verify"}""";

    [Fact]
    public async Task Whole_models_are_a_table_and_exit_code_0()
    {
        const string Last = """{"type":"success","message":"Verified 1 model: 2 files (7 B) and its manifest, all intact","models":[{"name":"ai/a:latest","whole":true,"files":[{"role":"manifest","size":900,"state":"whole"},{"size":5,"state":"whole"},{"size":2,"state":"whole"}]}]}""";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/models/verify", $"{Progress}\n{Last}\n");

        (int exitCode, string output, _) = await daemon.RunAsync(["verify", "ai/a", "ai/b"]);

        Assert.Equal(0, exitCode);
        Assert.Matches("^MODEL +FILES +SIZE +STATE\nai/a:latest +2 +7 B +whole\nVerified 1 model: 2 files \\(7 B\\) and its manifest, all intact.\n$", output);
        Assert.Contains(daemon.Requests, static request => request is { Path: "/models/verify", Body: """{"models":["ai/a","ai/b"]}""" });
    }

    [Fact]
    public async Task Damage_is_exit_code_1_and_each_file_has_a_line()
    {
        const string Last = """{"type":"error","message":"1 of 1 model has damaged, missing or unreadable files","models":[{"name":"ai/a:latest","whole":false,"files":[{"role":"manifest","size":900,"state":"whole"},{"size":5,"state":"damaged","text":"its file sha256:aa is damaged"}]}]}""";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/models/verify", $"{Progress}\n{Last}\n");

        (int exitCode, string output, string error) = await daemon.RunAsync(["verify"]);

        Assert.Equal(1, exitCode);
        Assert.Matches("ai/a:latest +1 +5 B +damaged\nai/a:latest: its file sha256:aa is damaged\n$", output);
        Assert.EndsWith("model-runner: 1 of 1 model has damaged, missing or unreadable files\n", error, StringComparison.Ordinal);
        Assert.Equal((1, $"{Progress}\n{Last}\n"), await OutAsync(["verify", "--json"]));
        Assert.All(daemon.Requests, static request => Assert.Equal("", request.Body));

        async Task<(int, string)> OutAsync(string[] arguments)
        {
            (int code, string text, _) = await daemon.RunAsync(arguments);
            return (code, text);
        }
    }

    [Fact]
    public async Task A_check_without_a_result_names_the_command_that_begins_it_again()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/models/verify", $"{Progress}\n");

        (int exitCode, _, string error) = await daemon.RunAsync(["verify"]);

        Assert.Equal(1, exitCode);
        Assert.EndsWith("model-runner: the daemon ended the check without a result; run \"model-runner verify\" again\n", error, StringComparison.Ordinal);
    }
}

using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Cli;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The report of usage, of the real daemon and of its command.</summary>
public sealed class UsageTests
{
    private const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";

    [Theory]
    [InlineData(null)]
    [InlineData("none")]
    public async Task The_report_agrees_with_the_page(string? state)
    {
        await using DaemonFixture daemon = await StartAsync(state);
        await daemon.PostAsync("v1/chat/completions", Body);
        await daemon.PostAsync("v1/chat/completions", Body);
        await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a b"}""");
        await daemon.PostAsync("v1/chat/completions", """{"model":"nope"}""");
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        JsonElement[] rows = [.. (await daemon.GetAsync("usage")).GetProperty("rows").EnumerateArray()];

        Assert.Equal(["", "tiny-chat:latest", "tiny-embed:latest"], rows.Select(static row => row.GetProperty("model").GetString()));
        Assert.Equal([1, 2, 1], rows.Select(static row => row.GetProperty("requests").GetInt32()));
        foreach (JsonElement row in rows[1..])
        {
            string model = $"model=\"{row.GetProperty("model").GetString()}\"";
            Assert.Equal(page.Sum(AccountedPage.Tokens, model, "type=\"prompt\""), row.GetProperty("prompt_tokens").GetInt32());
            Assert.Equal(page.Sum(AccountedPage.Tokens, model, "type=\"generated\""), row.GetProperty("generated_tokens").GetInt32());
        }

        foreach (string by in (string[])["mode", "day", "hour", "model&since=1h", "hour&since=7d"])
        {
            JsonElement other = (await daemon.GetAsync($"usage?by={by}")).GetProperty("rows");
            Assert.Equal(8, other.EnumerateArray().Sum(static row => row.GetProperty("prompt_tokens").GetInt32()));
        }
    }

    [Fact]
    public async Task The_command_shows_a_table_values_or_JSON()
    {
        await using DaemonFixture daemon = await StartAsync(state: null);
        await daemon.PostAsync("v1/chat/completions", Body);
        await daemon.PostAsync("v1/chat/completions", """{"model":"nope"}""");
        await AccountedPage.ReadAsync(daemon);

        (int exitCode, string table, string error) = await RunAsync(daemon);
        (_, string values, _) = await RunAsync(daemon, "--csv", "--by", "mode", "--since", "1d");
        (_, string json, _) = await RunAsync(daemon, "--json");

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            [
                ["MODEL", "BACKEND", "REQUESTS", "COMPLETED", "PROMPT", "CACHED", "GENERATED"], ["(none)", "1", "0", "0", "0", "0"],
                ["tiny-chat:latest", "llama.cpp", "1", "1", "3", "0", "4"], ["total", "2", "1", "3", "0", "4"],
            ],
            table.Trim().Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        string[] lines = values.Trim().Split('\n');
        Assert.Equal("mode,requests,completed,prompt_tokens,cached_tokens,generated_tokens,unconfirmed_tokens,duration_seconds", lines[0]);
        Assert.Matches(@"^completion,1,1,3,0,4,0,[0-9.]+$", lines[2]);
        Assert.Equal("model", JsonDocument.Parse(json).RootElement.GetProperty("by").GetString());
    }

    /// <summary>The values go to scripts, so what is not stored yet is told on standard error.</summary>
    [Fact]
    public async Task The_command_warns_of_counts_that_are_not_stored()
    {
        const string Rows = "\"rows\":[{\"backend\":\"llama.cpp\",\"model\":\"a:latest\",\"requests\":7,\"completed\":7}]";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(
            "/usage", $$$"""{"by":"model","since":null,{{{Rows}}},"not_stored":{"cause":"SQLite Error 13: 'database or disk is full'",{{{Rows}}} }}""");

        (int exitCode, string output, string error) = await daemon.RunAsync(["usage"]);

        Assert.Equal(0, exitCode);
        Assert.StartsWith("MODEL", output, StringComparison.Ordinal);
        Assert.Equal(
            "model-runner: warning: the ledger cannot be written: SQLite Error 13: 'database or disk is full'; "
            + "requests that are included and not stored yet: 7\n", error);
    }

    [Theory]
    [InlineData("--by", "week", "--by: \"week\" is not model, mode, key, day or hour")]
    [InlineData("--since", "soon", "--since: \"soon\" is not a duration of at most 3650 days, such as 24h or 7d")]
    [InlineData("--since", "", "--since: \"\" is not a duration of at most 3650 days, such as 24h or 7d")]
    public async Task The_command_refuses_a_wrong_value_without_a_daemon(string flag, string value, string message)
    {
        await using DaemonFixture daemon = await StartAsync(state: "none");

        (int exitCode, string output, string error) = await daemon.RunClientAsync("/", "usage", "--host", "http://localhost:1", flag, value);

        Assert.Equal((2, "", $"model-runner: {message}\n"), (exitCode, output, error));
    }

    [Theory]
    [InlineData("usage?by=week", "\"week\" is no group of a usage report; write by=model, mode, key, day or hour")]
    [InlineData("usage?since=soon", "\"soon\" is no duration of at most 3650 days; write since=24h or since=7d")]
    [InlineData("usage?since=-1h", "\"-1h\" is no duration of at most 3650 days; write since=24h or since=7d")]
    [InlineData("usage?sinc=7d", "the request has the query parameter \"sinc\", which is not known; did you mean \"since\"?")]
    [InlineData("usage?since=7", "\"7\" has no unit; write since=7s, 7m, 7h or 7d")]
    public async Task A_wrong_parameter_is_refused(string path, string message)
    {
        await using DaemonFixture daemon = await StartAsync(state: "none");

        JsonElement error = (await daemon.GetAsync(path)).GetProperty("error");

        Assert.Equal(message, error.GetProperty("message").GetString());
    }

    private static Task<(int ExitCode, string Out, string Error)> RunAsync(DaemonFixture daemon, params string[] arguments) =>
        daemon.RunClientAsync(daemon.FolderPath, ["usage", "--host", "d.sock", .. arguments]);

    private static Task<DaemonFixture> StartAsync(string? state) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Environment = state is null
            ? new Dictionary<string, string?>(StringComparer.Ordinal)
            : new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_STATE"] = state },
    });
}

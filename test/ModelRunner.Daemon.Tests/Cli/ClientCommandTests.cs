using System.Text.Json;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class ClientCommandTests
{
    private const string Runners = """
        [{"backend_name":"llama.cpp","model_name":"lab/otter:7b","mode":"completion","last_used":"0001-01-01T00:00:00Z","in_use":true,"keep_alive":"5m0s"},
         {"backend_name":"vllm","model_name":"[red]","mode":"embedding","last_used":"2000-01-01T00:00:00Z","keep_alive":"-1"}]
        """;

    public static TheoryData<string> Commands =>
    [
        "ps", "ls", "status", "metrics", "unload --all", "run otter hello", "ps --json", "run otter hello --json",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task CLI_04_without_a_daemon_each_command_fails_with_a_message(string command)
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();

        (int exitCode, string output, string error) = await daemon.RunAsync(command.Split(' '));

        Assert.Equal(3, exitCode);
        Assert.Empty(output);
        Assert.Equal(
            $"model-runner: the daemon is not running: nothing listens on unix:{daemon.SocketPath}; start it with \"model-runner serve\"\n", error);
    }

    [Fact]
    public async Task Status_without_a_daemon_writes_JSON_too()
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();

        (int exitCode, string output, string error) = await daemon.RunAsync(["status", "--json"]);

        Assert.Equal(3, exitCode);
        Assert.Equal($$"""{"running":false,"endpoint":"unix:{{daemon.SocketPath}}","problems":[]}""" + "\n", output);
        Assert.Contains("not running", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ps_shows_one_line_per_runner()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", Runners);

        (int exitCode, string output, string error) = await daemon.RunAsync(["ps"]);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            """
            MODEL          BACKEND     MODE         STATE    UNTIL
            lab/otter:7b   llama.cpp   completion   in use   5m after its last request
            [red]          vllm        embedding    idle     forever

            """,
            output);
    }

    [Fact]
    public async Task Ps_shows_why_a_runner_failed()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", """
            [{"backend_name":"llama.cpp","model_name":"a:latest","mode":"completion","keep_alive":"5m","state":"failed","failure":"killed by signal 9"},
             {"backend_name":"llama.cpp","model_name":"b:latest","mode":"completion","keep_alive":"5m","state":"loading","loading":true}]
            """);

        (_, string output, _) = await daemon.RunAsync(["ps"]);

        Assert.Equal(
            """
            MODEL      BACKEND     MODE         STATE     UNTIL                       LAST FAILURE
            a:latest   llama.cpp   completion   failed                                killed by signal 9
            b:latest   llama.cpp   completion   loading   5m after its last request

            """,
            output);
    }

    [Fact]
    public async Task Ps_as_JSON_is_the_response_of_the_daemon()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", Runners);

        (int exitCode, string output, _) = await daemon.RunAsync(["ps", "--json"]);

        Assert.Equal(0, exitCode);
        using var document = JsonDocument.Parse(output);
        Assert.Equal(2, document.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Ls_shows_models_by_their_first_tag_with_their_modes()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/models", """
            [
            {"id":"sha256:1","tags":["lab/otter:7b"],"created":1767225600,"config":{
            "parameters":"7B","quantization":"Q4_K_M","architecture":"llama","size":"4GiB","modes":["completion","embedding"]}},
            {"id":"elsewhere:latest"}
            ]
            """);

        (int exitCode, string output, _) = await daemon.RunAsync(["ls"]);

        Assert.Equal(0, exitCode);
        Assert.Equal(
            "MODEL              MODES                   PARAMETERS   QUANTIZATION   ARCHITECTURE      SIZE   CREATED            ORIGIN   OTHER NAMES\n"
            + "lab/otter:7b       completion, embedding   7B           Q4_K_M         llama          4.29 GB   2026-01-01 00:00\n"
            + "elsewhere:latest\n",
            output);
    }

    [Fact]
    public async Task Problems_with_models_go_to_standard_error()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/models", "[]").On("/version", """{"version":"1.2.3"}""").On("/engines/status", "{}")
            .On("/v1/models", """{"object":"list","data":[],"problems":["the models folder does not exist", "two\nlines"]}""");
        const string Warnings = "model-runner: warning: the models folder does not exist\nmodel-runner: warning: two\\nlines\n";

        (int exitCode, _, string error) = await daemon.RunAsync(["ls"]);
        (_, string json, string jsonError) = await daemon.RunAsync(["ls", "--json"]);
        (_, string status, string statusError) = await daemon.RunAsync(["status", "--json"]);

        Assert.Equal(
            (0, "model-runner: there are no models yet; \"model-runner pull ai/smollm2\" fetches one\n" + Warnings, Warnings, Warnings),
            (exitCode, error, jsonError, statusError));
        Assert.Equal("[]\n", json);
        Assert.Contains("""
            "problems":["the models folder does not exist","two\nlines"]
            """, status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_lists_the_engines()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/version", """{"version":"1.2.3"}""").On("/engines/status", """{"llama.cpp":"Running: llama-host"}""");

        (int exitCode, string output, _) = await daemon.RunAsync(["status"]);
        (_, string json, _) = await daemon.RunAsync(["status", "--json"]);

        Assert.Equal(0, exitCode);
        Assert.StartsWith($"model-runner 1.2.3 is running at unix:{daemon.SocketPath}\n", output, StringComparison.Ordinal);
        Assert.Contains("llama.cpp   Running   llama-host\n", output, StringComparison.Ordinal);
        Assert.Equal(
            $$$"""{"running":true,"endpoint":"unix:{{{daemon.SocketPath}}}","version":"1.2.3","backends":{"llama.cpp":"Running: llama-host"},"problems":[]}""" + "\n", json);
    }

    [Fact]
    public async Task Status_does_not_send_what_a_server_calls_its_version_to_the_terminal()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/version", """{"version":"1\u001b]0;owned\u0007"}""").On("/engines/status", "{}");

        (_, string output, _) = await daemon.RunAsync(["status"]);

        Assert.StartsWith("model-runner 1\\x1b]0;owned\\x07 is running at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_prints_the_page_as_it_is()
    {
        const string Page = "# HELP a b\n# TYPE a gauge\na{model=\"ó\"} 1\n";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/metrics", Page, type: "text/plain; version=0.0.4");

        Assert.Equal((0, Page, ""), await daemon.RunAsync(["metrics"]));
    }

    [Fact]
    public async Task Metrics_as_JSON_are_families_with_their_samples()
    {
        const string Page = """
            # HELP a b\\c
            # TYPE a gauge
            a{model="ó\"",mode="x"} NaN
            # HELP empty Nothing yet.
            # TYPE empty counter
            # HELP h Times.
            # TYPE h histogram
            h_bucket{le="+Inf"} 3
            h_sum 1.5
            h_count 3
            bare 1e3 1700000000000

            """;
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/metrics", Page, type: "text/plain; version=0.0.4");

        (int exitCode, string output, string error) = await daemon.RunAsync(["metrics", "--json"]);

        Assert.Equal((0, ""), (exitCode, error));
        using var document = JsonDocument.Parse(output);
        Assert.Equal(
            """
            [{"name":"a","type":"gauge","help":"b\\c","samples":[{"name":"a","labels":{"model":"ó\"","mode":"x"},"value":"NaN"}]},
            {"name":"empty","type":"counter","help":"Nothing yet.","samples":[]},
            {"name":"h","type":"histogram","help":"Times.","samples":[{"name":"h_bucket","labels":{"le":"+Inf"},"value":"3"},{"name":"h_sum","labels":{},"value":"1.5"},{"name":"h_count","labels":{},"value":"3"}]},
            {"name":"bare","type":"untyped","help":"","samples":[{"name":"bare","labels":{},"value":"1e3","timestamp":"1700000000000"}]}]
            """.Replace("\n", "", StringComparison.Ordinal),
            document.RootElement.GetRawText().Replace("\\u00F3", "ó", StringComparison.Ordinal).Replace("\\u0022", "\\\"", StringComparison.Ordinal)
                .Replace("\\u002B", "+", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CLI_02_unload_sends_names_as_ps_shows_them()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/unload", """{"unloaded_runners":1}""");

        (int exitCode, string output, _) = await daemon.RunAsync(["unload", "lab/otter:7b", "--backend", "llama.cpp"]);

        Assert.Equal((0, "Unloaded 1 runner.\n"), (exitCode, output));
        Assert.True(daemon.Requests.TryDequeue(out var request));
        Assert.Equal("""{"all":false,"backend":"llama.cpp","models":["lab/otter:7b"]}""", request.Body);
    }

    [Fact]
    public async Task Attached_servers_are_distinguished_and_not_reported_as_unloaded()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/engines/unload", """{"unloaded_runners":0,"attached_runners":2}""")
            .On("/engines/ps", """
                [{"backend_name":"vllm","model_name":"otter:7b","mode":"completion","state":"ready","replica":"a"},
                 {"backend_name":"vllm","model_name":"otter:7b","mode":"completion","state":"down","replica":"b","failure":"refused"}]
                """);

        (_, string list, _) = await daemon.RunAsync(["ps"]);
        (int exitCode, _, string error) = await daemon.RunAsync(["unload", "otter"]);

        Assert.Contains("otter:7b (replica a)", list, StringComparison.Ordinal);
        Assert.Matches(@"otter:7b \(replica b\) +vllm +completion +down +refused", list);
        Assert.Equal(1, exitCode);
        Assert.Equal("model-runner: otter is served by an attached server, which the daemon does not stop; stop it where it was started\n", error);
    }

    [Fact]
    public async Task CLI_02_unload_of_what_is_not_loaded_fails_with_a_hint()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/unload", """{"unloaded_runners":0}""");

        (int exitCode, string output, string error) = await daemon.RunAsync(["unload", "otter"]);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal("model-runner: no runner of otter is loaded; \"model-runner ps\" lists the loaded runners\n", error);
        Assert.Equal((0, "Unloaded 0 runners.\n", ""), await daemon.RunAsync(["unload", "--all"]));
    }

    [Fact]
    public async Task The_key_is_sent_and_a_missing_key_is_explained()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", """{"error":{"message":"a key is needed"}}""", 401);
        daemon.Environment["MODEL_RUNNER_API_KEY"] = "s3cret";

        (int exitCode, _, string error) = await daemon.RunAsync(["ps"]);

        Assert.Equal(1, exitCode);
        Assert.Equal(
            $"model-runner: the daemon at unix:{daemon.SocketPath} does not accept the key of MODEL_RUNNER_API_KEY; "
            + "write the key of the daemon there\n",
            error);
        Assert.True(daemon.Requests.TryDequeue(out var request));
        Assert.Equal("Bearer s3cret", request.Authorization);
    }

    [Theory]
    [InlineData("--host", "{socket}")]
    [InlineData("--host", "unix:{socket}")]
    [InlineData("--host", "./model-runner.sock")]
    [InlineData("--host", "model-runner.sock")]
    public async Task The_daemon_can_be_named(string flag, string host)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", "[]");
        daemon.Environment["MODEL_RUNNER_SOCK"] = "/nowhere.sock";

        (int exitCode, _, string error) = await daemon.RunAsync(["ps", flag, host.Replace("{socket}", daemon.SocketPath, StringComparison.Ordinal)]);

        Assert.Equal((0, ""), (exitCode, error));
    }

    [Theory]
    [InlineData("ftp://example.org")]
    [InlineData("unix:")]
    public async Task An_invalid_address_is_a_usage_error(string host)
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();

        (int exitCode, string output, string error) = await daemon.RunAsync(["ps", "--host", host]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains($"\"{host}\" is not an address of a daemon", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_port_of_the_environment_is_used()
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();
        daemon.Environment["MODEL_RUNNER_PORT"] = "1";

        (int exitCode, _, string error) = await daemon.RunAsync(["ps"]);

        Assert.Equal(3, exitCode);
        Assert.Contains("nothing listens on http://127.0.0.1:1;", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_stream_is_told_with_the_remedy()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/v1/chat/completions", """{"object":"chat.completion"}""");

        (int exitCode, string output, string error) = await daemon.RunAsync(["run", "otter", "hi"]);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal(
            "model-runner: the server of model otter does not stream its responses; use: model-runner run --json otter PROMPT\n", error);
    }

    [Theory]
    [InlineData("ps", "/engines/ps", 200, "text/html", "<html>")]
    [InlineData("ps", "/engines/ps", 200, "application/json", "{\"object\":\"list\"}")]
    [InlineData("ls", "/models", 404, "text/html", "<html>\n<h1>Not Found</h1>")]
    [InlineData("ls", "/models", 404, "text/plain", "404 page not found")]
    [InlineData("ls", "/models", 500, "application/json", "{\"detail\":\"no\"}")]
    [InlineData("metrics", "/metrics", 200, "text/html", "<html>")]
    [InlineData("status", "/version", 301, "text/html", "<a href=x>moved</a>")]
    [InlineData("run x hi", "/v1/chat/completions", 200, "text/html", "<html>")]
    public async Task Another_program_on_the_address_is_reported_in_one_line(string command, string path, int status, string type, string body)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(path, body, status, type);

        (int exitCode, string output, string error) = await daemon.RunAsync(command.Split(' '));

        Assert.Equal((1, ""), (exitCode, output));
        string answered = status == 200 ? "" : $" (it responded with status {status})";
        Assert.Equal(
            $"model-runner: the program that listens on unix:{daemon.SocketPath} is not a model-runner daemon{answered}; name another address with --host\n", error);
    }

    [Fact]
    public async Task A_server_that_does_not_speak_HTTP_is_reported_in_one_line()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        (int exitCode, string output, string error) = await daemon.RunAsync(["ps"]);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal($"model-runner: unix:{daemon.SocketPath} closed the connection before it responded, or does not speak HTTP\n", error);
    }

    [Fact]
    public async Task Messages_for_programs_become_messages_for_users()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/unload", """
            {"error":{"message":"there is no model \"x\" to unload; GET /engines/ps lists the loaded runners","code":"model_not_found",
            "command_line":"there is no model \"x\" to unload; \"model-runner ps\" lists the loaded runners"}}
            """, 404);

        Assert.Equal(
            (1, "", "model-runner: there is no model \"x\" to unload; \"model-runner ps\" lists the loaded runners\n"), await daemon.RunAsync(["unload", "x"]));
    }

    [Theory]
    [InlineData("ps", "--host")]
    [InlineData("unload")]
    [InlineData("unload", "x", "--all")]
    [InlineData("run")]
    [InlineData("run", "x", "  ")]
    [InlineData("run", "x", "y", "--temperature", "hot")]
    [InlineData("run", "x", "y", "--max-tokens", "0")]
    [InlineData("run", "x", "y", "--max-tokens", "many")]
    [InlineData("ps", "--api-key-file", "/nowhere")]
    public async Task An_invalid_command_line_ends_with_code_2(params string[] arguments)
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();

        (int exitCode, string output, string error) = await daemon.RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.All(error.TrimEnd('\n').Split('\n'), static line => Assert.StartsWith("model-runner: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Version_needs_no_daemon()
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();
        (int exitCode, string output, _) = await daemon.RunAsync(["version"]);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("model-runner 0.", output, StringComparison.Ordinal);

        (exitCode, output, _) = await daemon.RunAsync(["version", "--json"]);
        Assert.Equal(0, exitCode);
        using var document = JsonDocument.Parse(output);
        Assert.StartsWith("0.", document.RootElement.GetProperty("version").GetString(), StringComparison.Ordinal);
    }
}

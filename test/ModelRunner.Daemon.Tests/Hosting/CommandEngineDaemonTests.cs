using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>An engine of the configuration in the real daemon. Its program is the stub.</summary>
public sealed class CommandEngineDaemonTests
{
    private const string Chat = """{"model":"qwen3:8b","messages":[{"role":"user","content":"hi"}],"max_tokens":2}""";

    [Theory]
    [InlineData("--host", "{socket}")]
    [InlineData("--port", "{port}")]
    public async Task A_model_is_loaded_on_demand_answers_is_on_the_page_and_is_unloaded(string argument, string placeholder)
    {
        await using DaemonFixture daemon = await StartAsync([argument, placeholder, "--alias", "{name}", "--metrics"]);
        Assert.Empty(await daemon.RunnersAsync());

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal((200, "qwen3:8b"), (status, answer.GetProperty("model").GetString()));
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal(("vllm", "vllm", "ready"), (Text(runner, "backend_name"), Text(runner, "engine"), Text(runner, "state")));
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        const string Labels = """{backend="vllm",model="qwen3:8b",mode="completion"}""";
        Assert.Contains($"model_runner_up{Labels} 1", page, StringComparison.Ordinal);
        Assert.Contains($"llamacpp:tokens_predicted_total{Labels} 2", page, StringComparison.Ordinal);
        Assert.Equal("Running: vllm, 1 ready", Text(await daemon.GetAsync("engines/status"), "vllm"));
        Assert.Equal(200, (await daemon.PostAsync("engines/vllm/v1/chat/completions", Chat)).Status);
        Assert.Equal(404, (await daemon.PostAsync("engines/llama.cpp/v1/chat/completions", Chat)).Status);

        (_, JsonElement unloaded) = await daemon.PostAsync("engines/unload", """{"models":["qwen3:8b"],"backend":"vllm"}""");

        Assert.Equal(1, unloaded.GetProperty("unloaded_runners").GetInt32());
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    [Fact]
    public async Task The_server_gets_its_own_name_for_the_model_and_clients_see_theirs()
    {
        await using DaemonFixture daemon = await StartAsync(
            ["--host", "{socket}", "--alias", "{name}"], members: """, "modelName": "Qwen/Qwen3-8B", "backend": "lab" """);

        (_, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal("qwen3:8b", Text(answer, "model"));
        Assert.Equal("lab", Text(Assert.Single(await daemon.RunnersAsync()), "backend_name"));
        using HttpClient stub = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        string requests = await stub.GetStringAsync(new Uri("stub/requests", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("Qwen/Qwen3-8B", requests, StringComparison.Ordinal);
        Assert.DoesNotContain("qwen3:8b", requests, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(""", "metrics": null """)]
    public async Task A_server_without_metrics_is_up_and_is_not_asked_for_a_page(string metrics)
    {
        await using DaemonFixture daemon = await StartAsync(["--host", "{socket}"], metrics: metrics);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        const string Labels = """{backend="vllm",model="qwen3:8b",mode="completion"}""";
        Assert.Contains($"model_runner_up{Labels} 1", page, StringComparison.Ordinal);
        Assert.Contains($"model_runner_scrape_samples{Labels} 0", page, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_down_info{", page, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_scrape_failures_total{", page, StringComparison.Ordinal);
        using HttpClient stub = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        string requests = await stub.GetStringAsync(new Uri("stub/requests", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("/metrics", requests, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_path_of_the_metrics_page_is_named_with_its_status_and_its_option()
    {
        await using DaemonFixture daemon = await StartAsync(["--host", "{socket}"], metrics: """, "metrics": "/no/such/page" """);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        await AssertPlainLogAsync(daemon, "(vllm, completion): its page /no/such/page responded with status 404; correct engines.vllm.metrics.");
    }

    [Fact]
    public async Task It_gives_its_place_to_another_model_and_gets_it_back()
    {
        await using DaemonFixture daemon = await StartAsync(["--host", "{socket}"], more: """, "limits": { "maxRunners": 1 } """);

        foreach (string model in (string[])["qwen3:8b", "tiny-chat", "qwen3:8b"])
        {
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{model}}","messages":[]}""")).Status);
            JsonElement runner = Assert.Single(await daemon.RunnersAsync(), static runner => Text(runner, "state") == "ready");
            Assert.Equal(model == "tiny-chat" ? "llama.cpp" : "vllm", Text(runner, "backend_name"));
        }

        Assert.Single(ProcessTable.ChildrenOf(daemon.ProcessId), child => ProcessTable.ArgumentsOf(child)[0].Contains("stub-runner", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_is_stopped_when_it_was_idle_for_its_time()
    {
        await using DaemonFixture daemon = await StartAsync(["--host", "{socket}"], members: """, "keepAlive": "100ms" """);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 0, DaemonFixture.Patience);
    }

    [Theory]
    [InlineData("""{"exit_before_ready": 3, "load_delay_ms": 10}""", "vllm ended with exit code 3")]
    [InlineData("""{"signal_at_request": 11}""", "vllm was ended by SIGSEGV")]
    public async Task A_crash_is_told_by_the_name_of_the_engine(string faults, string cause)
    {
        await using DaemonFixture daemon = await StartAsync(
            ["--host", "{socket}", "--model", "{path}"], members: """, "path": "qwen3.gguf" """, faults: faults);

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(502, status);
        string message = Text(answer.GetProperty("error"), "message");
        Assert.True(message.Contains(cause, StringComparison.Ordinal), message);
        await AssertPlainLogAsync(daemon, cause);
    }

    [Fact]
    public async Task A_server_that_exits_at_once_gives_one_line_with_the_last_line_of_its_output()
    {
        await using DaemonFixture daemon = await StartAsync(["-c", "echo no such model >&2; exit 4", "{socket}"], program: "sh");

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(502, status);
        string message = Text(answer.GetProperty("error"), "message");
        Assert.EndsWith("vllm ended with exit code 4; the last line of its output: no such model", message, StringComparison.Ordinal);
        await AssertPlainLogAsync(daemon, "vllm ended with exit code 4");
    }

    [Fact]
    public async Task A_server_that_is_never_ready_is_stopped_and_the_error_says_what_it_did_not_do()
    {
        await using DaemonFixture daemon = await StartAsync(
            ["-c", "exec sleep 600", "{socket}"], program: "sh", more: """, "limits": { "loadTimeout": "1s" } """);

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(502, status);
        const string Cause = "vllm was not ready after 1 s: it accepted no connection on its socket";
        Assert.EndsWith(Cause, Text(answer.GetProperty("error"), "message"), StringComparison.Ordinal);
        await AssertPlainLogAsync(daemon, Cause);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!IsRunning(daemon, "sleep")), DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_wrong_path_of_the_readiness_check_is_named_by_its_status()
    {
        await using DaemonFixture daemon = await StartAsync(
            ["--port", "{port}"], metrics: """, "ready": "/no/such/page" """, more: """, "limits": { "loadTimeout": "15s" } """);

        (_, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.EndsWith(
            "vllm was not ready after 15 s: its readiness check responded with status 404", Text(answer.GetProperty("error"), "message"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_was_not_found_gives_one_line_with_the_remedy()
    {
        await using DaemonFixture daemon = await StartAsync(["serve", "{socket}"], program: "no-such-server");

        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(502, status);
        const string Cause = "the program \"no-such-server\" was not found or is not executable; install it, or write its absolute path";
        string message = Text(answer.GetProperty("error"), "message");
        Assert.Contains(Cause, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        await AssertPlainLogAsync(daemon, "no-such-server");
        Assert.StartsWith("Error: vllm, 0 ready; qwen3:8b (completion) failed: ", Text(await daemon.GetAsync("engines/status"), "vllm"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_placeholders_end_the_start_with_all_problems()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Configuration = """
                {
                  "engines": { "a": { "command": ["x", "{sokcet}"] }, "b": { "command": ["y", "{socket}", "{port}"] } },
                  "models": { "otter": { "engine": "c", "mode": "completion" } }
                }
                """,
        });

        Assert.Equal(2, exitCode);
        foreach (string part in (string[])["did you mean {socket}?", "uses neither {socket} nor {port}", "uses both {socket} and {port}", "\"c\" is not in"])
            Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_show_the_model_its_engine_and_its_backend()
    {
        await using DaemonFixture daemon = await StartAsync(["--host", "{socket}"]);
        string socket = $"unix:{daemon.SocketPath}";

        (_, string listed, _) = await daemon.RunClientAsync("/", "ls", "--host", socket);
        Assert.Contains("qwen3:8b", listed, StringComparison.Ordinal);
        Assert.Contains("vllm", (await daemon.RunClientAsync("/", "status", "--host", socket)).Out, StringComparison.Ordinal);

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        string shown = (await daemon.RunClientAsync("/", "ps", "--host", socket)).Out;
        Assert.Matches(@"qwen3:8b\s+vllm\s+completion", shown);
        Assert.Contains("vllm, 1 ready", (await daemon.RunClientAsync("/", "status", "--host", socket)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_a_path_gets_the_file_of_its_name_in_the_models_folder()
    {
        string command = $$"""["{{StubProcess.ExecutablePath}}", "--host", "{socket}", "--model", "{path}"]""";
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                {
                  "engines": { "other": { "command": {{command}} } },
                  "models": {
                    "tiny-chat": { "engine": "other", "mode": "completion" }, "absent": { "engine": "other", "mode": "completion" }
                  }
                }
                """,
        });

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""")).Status);
        string[] arguments = ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync());
        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", """{"model":"absent","messages":[]}""");

        Assert.Equal(Path.Join(daemon.FolderPath, "models", "tiny-chat.gguf"), arguments[^1]);
        Assert.Equal(500, status);
        Assert.Contains("has no file: the models folder has no absent.gguf", Text(answer.GetProperty("error"), "message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_modes_and_unknown_models_are_refused_as_for_other_engines()
    {
        await using DaemonFixture daemon = await StartAsync(["--host", "{socket}"]);

        (int status, JsonElement answer) = await daemon.PostAsync("v1/embeddings", """{"model":"qwen3:8b","input":"a"}""");

        Assert.Equal(400, status);
        Assert.EndsWith("it is for completion", Text(answer.GetProperty("error"), "message"), StringComparison.Ordinal);
        Assert.Contains("qwen3:8b", (await daemon.GetAsync("v1/models")).GetRawText(), StringComparison.Ordinal);
    }

    private static async Task AssertPlainLogAsync(DaemonFixture daemon, string message)
    {
        await daemon.WaitForLogAsync(message);
        Assert.DoesNotContain("   at ", daemon.Log, StringComparison.Ordinal);
    }

    private static bool IsRunning(DaemonFixture daemon, string program) =>
        ProcessTable.ChildrenOf(daemon.ProcessId).Any(child => ProcessTable.ArgumentsOf(child) is [var first, ..] && first == program);

    private static string Text(JsonElement parent, string name) => parent.GetProperty(name).GetString() ?? "";

    private static Task<DaemonFixture> StartAsync(
        string[] arguments, string members = "", string more = "", string metrics = ""","metrics": "/metrics" """, string faults = "{}",
        string? program = null)
    {
        string command = string.Join(", ", arguments.Prepend(program ?? StubProcess.ExecutablePath).Select(static word => $"\"{word}\""));
        return DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                {
                  "engines": { "vllm": { "command": [{{command}}] {{metrics}} } },
                  "models": { "qwen3:8b": { "engine": "vllm", "mode": "completion" {{members}} } } {{more}}
                }
                """,
            Faults = new Dictionary<string, string>(StringComparer.Ordinal) { ["qwen3"] = faults },
        });
    }
}

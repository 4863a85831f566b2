using System.Net;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class WelcomeTests
{
    private static readonly ModelEntry Chat = Model("tiny-chat:latest", RunnerMode.Completion, RunnerMode.Embedding);
    private static readonly HashSet<(string, RunnerMode)> AllFit = [];
    private static readonly ModelEntry Embed = Model("tiny-embed:latest", RunnerMode.Embedding);

    [Theory]
    [InlineData("http://127.0.0.1:8080", "http://localhost:8080")]
    [InlineData("http://0.0.0.0:8080", "http://localhost:8080")]
    [InlineData("http://[::]:8080", "http://localhost:8080")]
    [InlineData("http://127.0.0.2:8080", "http://127.0.0.2:8080")]
    [InlineData("http://[::1]:8080", "http://[::1]:8080")]
    [InlineData("http://10.0.0.1:8080", "http://10.0.0.1:8080")]
    public void Only_an_address_that_localhost_reaches_is_called_so(string address, string shown) =>
        Assert.Equal(shown, Welcome.ForClients(new Uri(address)));

    [Fact]
    public void The_greeting_shows_models_addresses_and_a_request() => Assert.Equal(
        """
          Serves  tiny-chat (completion, embedding), tiny-embed (embedding)
          At      unix:/srv/m.sock and http://localhost:12434
          Try     curl http://localhost:12434/v1/chat/completions -H 'Content-Type: application/json' -d '{"model":"tiny-chat","messages":[{"role":"user","content":"Hello"}]}'
          SDKs    base_url="http://localhost:12434/v1", api_key="none"
          Chat    /opt/model-runner run --host unix:/srv/m.sock tiny-chat

        """,
        Welcome.Write(Settings("/srv/m.sock"), [new Uri("http://127.0.0.1:12434")], [Chat, Embed], "/opt/model-runner", "/srv", AllFit));

    [Fact]
    public void Without_a_port_the_greeting_says_how_to_set_one()
    {
        string text = Welcome.Write(Settings("/srv/my models/m.sock"), [], [Embed], "model-runner", "/srv", AllFit);

        Assert.Contains("curl --unix-socket '/srv/my models/m.sock' http://localhost/v1/embeddings ", text, StringComparison.Ordinal);
        Assert.Contains("-d '{\"model\":\"tiny-embed\",\"input\":\"Hello\"}'\n", text, StringComparison.Ordinal);
        Assert.Contains("start it with --port 12434, then base_url=\"http://localhost:12434/v1\"\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Chat ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "the value that it has for the daemon")]
    [InlineData(true, "the value of \"apiKey\" in the configuration file")]
    public void A_key_is_named_with_its_source_and_not_shown(bool isInFile, string source)
    {
        DaemonSettings settings = Settings(null) with { ApiKey = "s3cret", IsApiKeyInFile = isInFile };
        string text = Welcome.Write(settings, [new Uri("http://0.0.0.0:80")], [Chat], "model-runner", "/srv", AllFit);

        Assert.Contains($"  Key     required on TCP; for the commands below, set MODEL_RUNNER_API_KEY in your shell to {source}\n", text, StringComparison.Ordinal);
        Assert.Contains("-H \"Authorization: Bearer $MODEL_RUNNER_API_KEY\"", text, StringComparison.Ordinal);
        Assert.Contains("base_url=\"http://localhost:80/v1\", api_key=os.environ[\"MODEL_RUNNER_API_KEY\"]\n", text, StringComparison.Ordinal);
        Assert.Contains("At      http://localhost:80\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_models_the_greeting_names_the_next_step_and_the_models_folder() => Assert.Equal(
        """
          Serves  no models yet: pull one, put GGUF files below /m, or start it with --demo
          At      unix:/d.sock
          Next    model-runner run --host unix:/d.sock ai/smollm2  (pulls a small model and opens a chat)

        """, Welcome.Write(Settings("/d.sock"), [], [], "model-runner", "/srv", AllFit));

    [Fact]
    public void Many_models_are_counted() => Assert.Contains(
        "m5 (completion) and 95 more\n",
        Welcome.Write(Settings("/d.sock"), [], [.. Enumerable.Range(0, 101).Select(static i => Model($"m{i}:latest", RunnerMode.Completion))], "x", "/srv", AllFit),
        StringComparison.Ordinal);

    [Fact]
    public void A_name_cannot_break_out_of_the_command()
    {
        string text = Welcome.Write(Settings("/d.sock"), [], [Model("it's \"x\":1", RunnerMode.Completion)], "model-runner", "/srv", AllFit);

        Assert.Contains("-d '{\"model\":\"it\\u0027s \\u0022x\\u0022:1\",", text, StringComparison.Ordinal);
        Assert.Contains("model-runner run --host unix:/d.sock 'it'\\''s \"x\":1'\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_demo_port_in_use_is_reported()
    {
        var settings = new DaemonSettings { Listen = new ListenSettings("/d.sock", null, IsTcpOptional: true), ModelsPath = "/m" };
        Assert.Contains("At      unix:/d.sock (another program uses port 12434)\n", Welcome.Write(settings, [], [Chat], "x", "/srv", AllFit), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_begins_with_a_dash_is_not_a_flag()
    {
        string text = Welcome.Write(Settings("/d.sock"), [], [Model("-dash:latest", RunnerMode.Completion)], "model-runner", "/srv", AllFit);
        Assert.Contains("  Chat    model-runner run --host unix:/d.sock -- -dash\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_model_that_can_respond_is_proposed()
    {
        ModelEntry down = Model("a-down:latest", RunnerMode.Completion) with { Path = null };
        HashSet<(string, RunnerMode)> unfit = [("a-down:latest", RunnerMode.Completion)];

        string text = Welcome.Write(Settings("/d.sock"), [], [down, Chat], "model-runner", "/srv", unfit);
        Assert.Contains("-d '{\"model\":\"tiny-chat\",", text, StringComparison.Ordinal);
        Assert.Contains("  Chat    model-runner run --host unix:/d.sock tiny-chat\n", text, StringComparison.Ordinal);

        text = Welcome.Write(Settings("/d.sock"), [], [down, Model("rank:latest", RunnerMode.Reranking)], "model-runner", "/srv", unfit);
        Assert.DoesNotContain("  Try ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("  Chat ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chat_command_has_host_unless_it_finds_the_daemon_without_it()
    {
        var tcp = new Uri("http://127.0.0.1:80");
        string Command(DaemonSettings settings) => Welcome.Write(settings, [tcp], [Chat], "model-runner", "/srv", AllFit).Split("  Chat    ")[1];

        Assert.Equal("model-runner run tiny-chat\n", Command(Settings("/srv/model-runner.sock")));
        Assert.Equal("model-runner run --host unix:/home/model-runner.sock tiny-chat\n", Command(Settings("/home/model-runner.sock")));
        Assert.Equal("model-runner run --host http://localhost:80 tiny-chat\n", Command(Settings(null)));
        Assert.Equal(
            "MODEL_RUNNER_HOST=http://localhost:80 model-runner run tiny-chat\n", Command(Settings(null) with { ApiKey = "s3cret" }));
    }

    private static DaemonSettings Settings(string? socket) =>
        new() { Listen = new ListenSettings(socket, new IPEndPoint(IPAddress.Loopback, 12434)), ModelsPath = "/m" };

    private static ModelEntry Model(string reference, params RunnerMode[] modes) =>
        new(reference, "/m/x.gguf", 1, DateTimeOffset.UnixEpoch, new ModelSettings()) { Modes = modes };
}

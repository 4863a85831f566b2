using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Cli;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The commands that pull a model, and what they show.</summary>
public sealed class PullCommandTests
{
    private const string Path = "/v1/chat/completions";
    private const string Missing = """{"error":{"message":"there is no model \"otter:latest\"; did you mean \"other:latest\"?","code":"model_not_found","pull":"ai/otter","similar":["other:latest"]}}""";
    private const string Success = """{"type":"success","message":"Model pulled successfully","total":10,"layer":{"id":"","size":0,"current":0},"mode":"pull"}""";

    private static readonly string Id = $"sha256:{new string('a', 64)}";

    [Fact]
    public async Task Run_pulls_a_model_that_is_not_there_and_asks_again()
    {
        const string Served = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n";
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        OnPull(daemon, $"{Line(Id, 10, 10)}\n{Success}\n", Path, Served, "text/event-stream");

        (int exitCode, string output, string error) = await daemon.RunAsync(["run", "otter", "hello"]);

        Assert.Equal((0, "Hi\n"), (exitCode, output));
        Assert.Equal("The model is not there; pulling ai/otter.\n100 %  10 B of 10 B\nModel pulled successfully\n", error);
        Assert.Contains(daemon.Requests, static request => request is { Path: "/models/create", Body: """{"from":"ai/otter"}""" });
    }

    [Fact]
    public async Task Run_does_not_pull_if_the_user_forbids_it_or_the_daemon_names_nothing_to_pull()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(Path, Missing, 404);

        Assert.Equal(
            (1, "", "model-runner: there is no model \"otter:latest\"; did you mean \"other:latest\"?\n"),
            await daemon.RunAsync(["run", "otter", "hello", "--no-pull"]));
        daemon.On(Path, """{"error":{"message":"there is no model","code":"model_not_found"}}""", 404);
        Assert.Equal((1, "", "model-runner: there is no model\n"), await daemon.RunAsync(["run", "otter", "hello"]));
        Assert.DoesNotContain(daemon.Requests, static request => request.Path == "/models/create");
    }

    [Fact]
    public async Task A_pull_of_run_that_fails_is_not_advised_again_and_similar_models_are_named()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(Path, Missing, 404)
            .On("/models/create", """{"error":{"message":"docker.io has no such model"}}""", 404);

        (int exitCode, string _, string error) = await daemon.RunAsync(["run", "otter", "hello"]);

        Assert.Equal(1, exitCode);
        Assert.EndsWith("\nmodel-runner: docker.io has no such model; did you mean \"other:latest\"?\n", error, StringComparison.Ordinal);
        Assert.DoesNotContain("there is no model", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chat_pulls_before_the_first_prompt_and_loads_the_model()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        OnPull(daemon, $"{Line(Id, 10, 5_000_000)}\n{Success}\n", "/v1/models/otter", "{}");
        var loaded = new TaskCompletionSource();
        daemon.On("/tokenize", _ =>
        {
            loaded.TrySetResult();
            return Task.CompletedTask;
        });
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], ("NO_COLOR", "1"));

        await terminal.WaitForAsync("> ");
        await loaded.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        terminal.Type("/bye\n");

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Contains($"  {new string('a', 12)} weights   [>                       ] 10 B of 5.00 MB", terminal.Screen, StringComparison.Ordinal);
        Assert.Contains("Model pulled successfully", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preload_pulls_a_model_that_is_not_there_unless_that_is_forbidden()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        Func<bool> isPulled = OnPull(daemon, $"{Success}\n", "/tokenize", "");

        (int refused, _, _) = await daemon.RunAsync(["preload", "otter", "--no-pull"]);
        bool wasPulled = isPulled();
        (int exitCode, string output, string error) = await daemon.RunAsync(["preload", "otter"]);

        Assert.Equal((1, false), (refused, wasPulled));
        Assert.Equal((0, "Loaded otter.\n", "The model is not there; pulling ai/otter.\nModel pulled successfully\n"), (exitCode, output, error));
    }

    [Theory]
    [InlineData("pull otter", "pull", "otter")]
    [InlineData("pull otter --limit 20MB/s", "pull", "otter", "--limit", "20 MB/s")]
    public async Task Control_C_says_that_what_was_fetched_is_kept_and_how_to_go_on(string command, params string[] arguments)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.On("/models/create", async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($"{Line(Id, 10, 5_000_000)}\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using Terminal terminal = Terminal.Start(daemon, arguments, ("NO_COLOR", "1"));
        await terminal.WaitForAsync("5.00 MB");

        terminal.Type("\u0003");

        Assert.Equal(130, await terminal.WaitForEndAsync());
        Assert.Contains($"Interrupted. What was fetched is kept; \"model-runner {command}\" continues.", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_prints_the_lines_of_the_daemon_as_json()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/models/create", $"{Line(Id, 1, 2)}\n{Success}\n");

        Assert.Equal((0, $"{Line(Id, 1, 2)}\n{Success}\n", ""), await daemon.RunAsync(["pull", "otter", "--json"]));
        Assert.Equal((0, "Model pulled successfully\n", "50 %  1 B of 2 B\n"), await daemon.RunAsync(["pull", "otter"]));
    }

    [Fact]
    public async Task Pull_run_and_preload_send_the_limit_of_the_rate()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        OnPull(daemon, $"{Success}\n", "/tokenize", "");

        Assert.Equal(0, (await daemon.RunAsync(["preload", "otter", "--limit", "20MB/s"])).ExitCode);
        Assert.Equal(0, (await daemon.RunAsync(["pull", "otter", "--limit", "512 KiB"])).ExitCode);
        daemon.On(Path, Missing, 404);
        await daemon.RunAsync(["run", "otter", "--limit", "1GB/s", "hello"]);

        Assert.Equal(
            ["""{"from":"ai/otter","limit":"20MB/s"}""", """{"from":"otter","limit":"512 KiB"}""", """{"from":"ai/otter","limit":"1GB/s"}"""],
            daemon.Requests.Where(static request => request.Path == "/models/create").Select(static request => request.Body));
    }

    [Theory]
    [InlineData("pull otter --limit 20", "--limit: \"20\" has no unit; write 20KB/s or 20MB/s")]
    [InlineData("run otter --limit fast hello", "--limit: \"fast\" is not a rate from 16KiB/s to 1TiB/s, such as 20MB/s or 512KiB/s")]
    [InlineData("preload otter --limit 1KB/s", "--limit: \"1KB/s\" is not a rate from 16KiB/s to 1TiB/s, such as 20MB/s or 512KiB/s")]
    public async Task A_limit_that_is_no_rate_is_refused_before_a_request_is_sent(string arguments, string sentence)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        Assert.Equal((2, "", $"model-runner: {sentence}\n"), await daemon.RunAsync(arguments.Split(' ')));
        Assert.Empty(daemon.Requests);
    }

    [Fact]
    public async Task The_first_line_is_that_of_all_files()
    {
        string lines = $"{Line("sha256:b", 1, 1, total: 5)}\n{Line(Id, 4, 4, total: 5)}\n{Success}\n";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/models/create", lines);

        Assert.Equal((0, "Model pulled successfully\n", "100 %  5 B of 5 B\n"), await daemon.RunAsync(["pull", "otter"]));
    }

    [Fact]
    public void The_progress_never_goes_back_and_its_rate_is_that_of_the_last_seconds()
    {
        var time = new FakeTimeProvider();
        var progress = new PullProgress(time);
        Take(progress, Line(Id, 40_000_000, 100_000_000, total: 200_000_000));
        time.Advance(TimeSpan.FromSeconds(2));
        Take(progress, Line(Id, 60_000_000, 100_000_000, total: 200_000_000));
        Assert.Equal("30 %  60.00 MB of 200.00 MB  10.00 MB/s  0:14 left", progress.Describe());

        Take(progress, Line(Id, 10, 100_000_000, total: 200_000_000));
        Take(progress, Line("sha256:b", 90_000_000, 100_000_000, total: 200_000_000));
        Assert.Equal("75 %  150.00 MB of 200.00 MB  10.00 MB/s  0:05 left", progress.Describe());

        for (int second = 0; second < 30; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Take(progress, Line(Id, 60_000_000 + (second * 1_000_000), 100_000_000, total: 200_000_000));
        }

        Assert.Contains("  1.00 MB/s  ", progress.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_bars_are_drawn_in_place_and_fit_the_terminal()
    {
        using var screen = new StringWriter();
        (int, int)? size = (40, 6);
        var bars = new PullBars(screen, () => size);
        var progress = new PullProgress(new FakeTimeProvider());
        for (int file = 0; file < 5; file++)
            Take(progress, Line($"sha256:{file}0000000000000", file < 2 ? 100 : 50, 100, total: 500));

        bars.Draw(progress);
        string first = screen.ToString();
        Assert.Equal(["\r70 %  350 B of 500 B", "  200000000000 weights   [============>", "  300000000000 weights   [============>"],
            first.Split("\u001b[K\n")[..3]);
        Assert.Contains("  and 2 more files", first, StringComparison.Ordinal);
        Assert.All(first.Split("\u001b[K\n"), static line => Assert.True(line.Length < 45, line));

        bars.Draw(progress);
        Assert.StartsWith("\r\u001b[5A", screen.ToString()[first.Length..], StringComparison.Ordinal);
        bars.Note("a \u001b[31mnote");
        Assert.EndsWith("\r\u001b[5A\u001b[Ja \\x1b[31mnote\n", screen.ToString(), StringComparison.Ordinal);
        size = null;
        bars.Draw(progress);
        Assert.EndsWith("\u001b[J", screen.ToString(), StringComparison.Ordinal);
    }

    // Nothing is served at the path before the model was pulled. Returns whether it was.
    private static Func<bool> OnPull(FakeDaemon daemon, string lines, string path, string served, string type = "application/json")
    {
        bool isPulled = false;
        daemon.On("/models/create", context =>
        {
            isPulled = true;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(lines);
        });
        daemon.On(path, context =>
        {
            context.Response.StatusCode = isPulled ? 200 : 404;
            context.Response.ContentType = isPulled ? type : "application/json";
            return context.Response.WriteAsync(isPulled ? served : Missing);
        });
        return () => isPulled;
    }

    private static string Line(string id, long current, long size, long total = 0)
    {
        string layer = string.Create(
            CultureInfo.InvariantCulture, $$"""{"id":"{{id}}","size":{{size}},"current":{{current}},"role":"weights"} """).TrimEnd();
        long all = total == 0 ? size : total;
        return string.Create(CultureInfo.InvariantCulture, $$"""{"type":"progress","message":"","total":{{all}},"layer":""") + layer + "}";
    }

    private static void Take(PullProgress progress, string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        Assert.True(progress.Take(document.RootElement));
    }
}

using System.Text.Json;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Messages about models and engine arguments at the start of the daemon.</summary>
public sealed class StartCheckTests : IDisposable
{
    private const string Help = "-t, --threads N  threads\n--metrics  m\n--host H  h\n--alias A  a\n--model M  m\n--ctx-size N  c\n--parallel N  p\n--temp N  t\n"
        + "--spec-draft-n-max N  tokens\n--draft, --draft-max N  the argument has been removed. use --spec-draft-n-max\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_argument_that_llama_server_renamed_is_refused_at_start()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = Variables("LLAMA_ARGS", "--draft-max 4 --threads 2"), Folder = _folder,
        });

        Assert.Equal(2, exitCode);
        Assert.Equal(
            "model-runner: LLAMA_ARGS: \"--draft-max\" is not known to this llama-server; write --spec-draft-n-max instead.\n", error);
    }

    [Fact]
    public async Task The_arguments_of_a_model_are_checked_too()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = Variables("LLAMA_ARGS", null), Folder = _folder, Configuration = """{"models":{"tiny-chat":{"args":["--mlock"]}}}""",
        });

        Assert.Equal(2, exitCode);
        Assert.Contains("args of tiny-chat:latest: \"--mlock\" is not known to this llama-server", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_whose_help_hangs_delays_the_start_by_two_seconds_and_leaves_no_process()
    {
        string path = _folder.WriteExecutable("hanging");
        await File.WriteAllTextAsync(
            path, $"#!/bin/sh\nsetsid sleep 600 &\necho $! >> {_folder.PathOf("processes")}\n", TestContext.Current.CancellationToken);
        long began = TimeProvider.System.GetTimestamp();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_ARGS"] = "--threads 2", ["LLAMA_SERVER_PATH"] = path },
        });
        TimeSpan start = TimeProvider.System.GetElapsedTime(began);

        Assert.InRange(start.TotalSeconds, 2, 9);
        await daemon.WaitForLogAsync("did not say within 2 s what it can do, so it may not be usable; its arguments are not checked.");
        await daemon.WaitForLogAsync("did not say within 10 s what it can do");
        string[] processes = await File.ReadAllLinesAsync(_folder.PathOf("processes"), TestContext.Current.CancellationToken);
        Assert.Equal(2, processes.Length);
        foreach (string process in processes)
            await ProcessTable.WaitUntilGoneAsync(int.Parse(process, System.Globalization.CultureInfo.InvariantCulture), DaemonFixture.Patience);
    }

    [Fact]
    public async Task The_embedded_engine_ignores_unknown_arguments_with_one_warning()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["LLAMA_ARGS"] = "--numa distribute --threads 2 --ubatch-size 256 --mlock", ["LLAMA_SERVER_PATH"] = null, ["PATH"] = "/nowhere",
            },
        });

        (int status, _) = await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(200, status);
        string[] arguments = ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync());
        Assert.Equal(["--threads", "2", "--ubatch-size", "256"], arguments[^4..]);
        Assert.DoesNotContain("--numa", arguments);
        await daemon.WaitForLogAsync("--numa, --mlock");
        Assert.Single(daemon.Log.Split('\n'), static line => line.Contains("--numa, --mlock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_alias_that_would_hide_a_model_is_refused_at_start()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Folder = _folder, Configuration = """{"models":{"tiny-embed":{"aliases":["tiny-chat"]}}}""",
        });

        Assert.Equal(2, exitCode);
        Assert.Equal(
            "model-runner: model-runner.json:1: models.tiny-embed.aliases: \"tiny-chat\" is also the name of the file tiny-chat.gguf, which it would hide; "
            + "choose another alias, or rename the file.\n", error);
    }

    [Fact]
    public async Task All_problems_are_reported_at_once_with_the_name_that_was_set()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = Variables("LLAMA_ARGS", null), Folder = _folder,
            Configuration = """{"models":{"tiny-embed":{"aliases":["tiny-chat"]}}}""",
            Arguments = ["--log-dir", "/proc/x", "--llama-args", "--mlock", "--keep-alive", "soon", "--demo=perhaps"],
        });

        Assert.Equal(2, exitCode);
        string[] lines = error.TrimEnd('\n').Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.StartsWith("model-runner: --demo: \"perhaps\" is not one of 1, true, yes, on, t, 0, false, no, off, f;", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("model-runner: --keep-alive: \"soon\" is not", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("model-runner: --llama-args: \"--mlock\" is not known to this llama-server", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("model-runner: model-runner.json:1: models.tiny-embed.aliases: \"tiny-chat\" is also the name", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("model-runner: --log-dir: \"/proc/x\" cannot hold the log: ", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_cannot_be_created_is_reported_with_its_flag()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Folder = _folder, Arguments = ["--socket", "/proc/x/d.sock"] });

        Assert.Equal(1, exitCode);
        Assert.StartsWith("model-runner: cannot create the socket /proc/x/d.sock: ", error, StringComparison.Ordinal);
        Assert.EndsWith("; name another place with --socket\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Problems_with_models_are_logged_once_and_listed()
    {
        _folder.Write("models/broken.gguf", "this is no model");
        _folder.Write("models/Tiny-Chat.gguf", GgufBuilder.Llama().Build());
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = _folder, Configuration = """{"models":{"gone":{"path":"gone.gguf"}}}""",
        });
        string[] expected =
        [
            "the files Tiny-Chat.gguf and tiny-chat.gguf would both be tiny-chat:latest; the first is used, rename one",
            "model \"broken:latest\" cannot be used: its file broken.gguf is not a GGUF file",
            "model \"gone:latest\" cannot be used: its file gone.gguf does not exist",
        ];

        JsonElement list = await daemon.GetAsync("v1/models");
        await daemon.GetAsync("v1/models");
        await daemon.GetAsync("engines/v1/models");

        Assert.Equal(expected, list.GetProperty("problems").EnumerateArray().Select(static problem => problem.GetString()));
        Assert.Equal(2, list.GetProperty("data").GetArrayLength());
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(Array.TrueForAll(expected, problem => daemon.Log.Contains(problem, StringComparison.Ordinal))), DaemonFixture.Patience);
        foreach (string problem in expected)
            Assert.Single(daemon.Log.Split('\n'), line => line.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_without_problems_has_OpenAIs_format()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        Assert.False((await daemon.GetAsync("v1/models")).TryGetProperty("problems", out _));
    }

    private Dictionary<string, string?> Variables(string name, string? value) => new(StringComparer.Ordinal)
    {
        [name] = value, ["LLAMA_SERVER_PATH"] = Engine("llama-server"),
    };

    /// <summary>A stub runner with a help text.</summary>
    private string Engine(string name)
    {
        string path = _folder.WriteExecutable(name);
        File.WriteAllText(path, $"#!/bin/sh\nif [ \"$1\" = --help ]; then cat <<'END'\n{Help}END\nelse exec {StubProcess.ExecutablePath} \"$@\"\nfi\n");
        return path;
    }
}

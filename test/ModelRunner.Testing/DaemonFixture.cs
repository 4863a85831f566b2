using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelRunner.Testing;

/// <summary>
/// The real daemon in a process of its own, in a folder of its own, with stub runners in place of llama-server and with two models,
/// <c>tiny-chat</c> and <c>tiny-embed</c>. Disposing ends it by SIGTERM and checks that it ended well and left nothing behind.
/// </summary>
internal sealed partial class DaemonFixture : IAsyncDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder;
    private readonly bool _ownsFolder;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<string> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isEnded;

    private DaemonFixture(TemporaryFolder folder, bool ownsFolder, Process process)
    {
        (_folder, _ownsFolder, _process) = (folder, ownsFolder, process);
        Client = UnixClient(SocketPath);
    }

    /// <summary>Talks to the daemon over its socket.</summary>
    public HttpClient Client { get; }

    /// <summary>Its address for TCP.</summary>
    public Uri TcpAddress { get; private set; } = new("http://localhost/");

    public string SocketPath => Path.Join(_folder.Path, "d.sock");

    public int ProcessId => _process.Id;

    /// <summary>The daemon's log so far.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>What it wrote to standard output so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>The folder that it was started in.</summary>
    public string FolderPath => _folder.Path;

    private static string Executable => Path.Join(AppContext.BaseDirectory, "model-runner");

    private string RuntimePath => Path.Join(_folder.Path, "run");

    /// <summary>Starts a daemon and returns once it listens.</summary>
    public static async Task<DaemonFixture> StartAsync(DaemonSetup? setup = null)
    {
        setup ??= new DaemonSetup();
        TemporaryFolder folder = setup.Folder ?? new TemporaryFolder();
        Prepare(folder, setup);
        var daemon = new DaemonFixture(folder, setup.Folder is null, Process.Start(Command(folder, setup))!);
        if (setup.LeavesLogUnread)
        {
            await daemon.WaitUntilHealthyAsync();
            return daemon;
        }

        daemon.ReadLog();

        string addresses = await daemon._listening.Task.WaitAsync(Patience, Cancellation);
        if (TcpPattern().Match(addresses) is { Success: true } tcp)
            daemon.TcpAddress = new Uri(tcp.Value + "/");
        return daemon;
    }

    /// <summary>Starts a daemon that is expected to end by itself.</summary>
    public static async Task<(int ExitCode, string Error)> RunToEndAsync(DaemonSetup setup)
    {
        TemporaryFolder folder = setup.Folder ?? new TemporaryFolder();
        Prepare(folder, setup);
        using Process process = Process.Start(Command(folder, setup))!;
        string error = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        if (setup.Folder is null)
            folder.Dispose();
        return (process.ExitCode, error);
    }

    /// <summary>Starts a daemon that is expected to end by itself, and leaves its standard error unread. The caller waits for it.</summary>
    public static Process StartUnread(TemporaryFolder folder, DaemonSetup setup)
    {
        Prepare(folder, setup);
        return Process.Start(Command(folder, setup))!;
    }

    /// <summary>Reads the log from now on; to be called by tests that left it unread.</summary>
    public void ReadLog()
    {
        _process.ErrorDataReceived += (_, line) =>
        {
            _log.Enqueue(line.Data ?? "");
            if (line.Data?.Contains(" listens on ", StringComparison.Ordinal) ?? false)
                _listening.TrySetResult(line.Data);
            else if (line.Data is null)
                _listening.TrySetException(new InvalidOperationException($"The daemon ended:\n{Log}"));
        };
        _process.BeginErrorReadLine();
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
    }

    /// <summary>Sends JSON and reads the JSON that comes back.</summary>
    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string json)
    {
        using HttpResponseMessage response = await SendAsync(path, json, HttpCompletionOption.ResponseContentRead, Cancellation);
        return ((int)response.StatusCode, await ReadAsync(response));
    }

    /// <summary>Pulls a model, which must succeed.</summary>
    /// <param name="name">The model.</param>
    /// <param name="accept">The content type that is asked for.</param>
    /// <returns>The lines of the response.</returns>
    public async Task<string[]> PullAsync(string name, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "models/create") { Content = new StringContent($$"""{"from":"{{name}}"}""") };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await Client.SendAsync(request, Cancellation);
        string[] lines = (await response.Content.ReadAsStringAsync(Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(response.StatusCode == HttpStatusCode.OK, string.Concat(lines));
        Assert.Contains("success", lines[^1], StringComparison.Ordinal);
        return lines;
    }

    /// <summary>Sends JSON.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        string path, string json, HttpCompletionOption completion, CancellationToken cancellation)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        return await Client.SendAsync(request, completion, cancellation);
    }

    /// <summary>Reads JSON.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return await ReadAsync(response);
    }

    /// <summary>Sends JSON and returns once the headers of the answer are there.</summary>
    public Task<HttpResponseMessage> StreamAsync(string path, string json) =>
        SendAsync(path, json, HttpCompletionOption.ResponseHeadersRead, Cancellation);

    /// <summary>What <c>ps</c> shows.</summary>
    public async Task<IReadOnlyList<JsonElement>> RunnersAsync() => [.. (await GetAsync("engines/ps")).EnumerateArray()];

    /// <summary>The process of the one runner that there is.</summary>
    public async Task<int> RunnerProcessAsync() => Assert.Single(await RunnersAsync()).GetProperty("pid").GetInt32();

    /// <summary>Runs a client command of the real program in any folder.</summary>
    public async Task<(int ExitCode, string Out, string Error)> RunClientAsync(string workingDirectory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, arguments)
        {
            WorkingDirectory = workingDirectory, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string name in start.Environment.Keys.ToArray())
            if (name.StartsWith("MODEL_RUNNER_", StringComparison.Ordinal))
                start.Environment.Remove(name);
        start.Environment["XDG_RUNTIME_DIR"] = RuntimePath;

        using Process client = Process.Start(start)!;
        client.StandardInput.Close();
        Task<string> error = client.StandardError.ReadToEndAsync(Cancellation);
        string output = await client.StandardOutput.ReadToEndAsync(Cancellation);
        await client.WaitForExitAsync(Cancellation);
        return (client.ExitCode, output, await error);
    }

    /// <summary>Runs a client command in the folder of the daemon, which must succeed, and returns its output.</summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        (int code, string output, string error) = await RunClientAsync(FolderPath, arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {error}");
        return output;
    }

    /// <summary>Waits until a runner is at work on a request, and returns its process.</summary>
    public async Task<int> BusyRunnerProcessAsync()
    {
        int process = 0;
        await WaitUntilAsync(
            async () =>
            {
                foreach (JsonElement runner in await RunnersAsync())
                    if (runner.GetProperty("state").GetString() == "ready" && runner.GetProperty("in_use").GetBoolean())
                        process = runner.GetProperty("pid").GetInt32();
                return process != 0;
            },
            Patience);
        return process;
    }

    /// <summary>Waits until there are runners and none is in use. A request ends a moment after its response.</summary>
    public Task WaitUntilIdleAsync() => WaitUntilAsync(
        async () => await RunnersAsync() is { Count: > 0 } runners && !runners.Any(static runner => runner.GetProperty("in_use").GetBoolean()), Patience);

    /// <summary>Waits until the metrics page has a text.</summary>
    public Task WaitForPageAsync(string text) => WaitUntilAsync(
        async () => (await Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation)).Contains(text, StringComparison.Ordinal), Patience);

    /// <summary>Waits until the log has a text. The log is written and read apart from responses, so it may have it later than they come.</summary>
    public Task WaitForLogAsync(string text) => WaitUntilAsync(() => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), Patience);

    /// <summary>Looks again and again, and fails after <paramref name="limit"/>.</summary>
    public static async Task WaitUntilAsync(Func<Task<bool>> condition, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, $"It did not happen within {limit}.");
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    /// <summary>Talks to a stub runner behind the daemon's back.</summary>
    public static HttpClient RunnerClient(int process)
    {
        string[] arguments = ProcessTable.ArgumentsOf(process);
        return UnixClient(arguments[Array.IndexOf(arguments, "--host") + 1]);
    }

    /// <summary>Everything that a stub runner knows about itself.</summary>
    public static async Task<JsonElement> StubStateAsync(int process)
    {
        using HttpClient runner = RunnerClient(process);
        using var document = JsonDocument.Parse(await runner.GetStringAsync(new Uri("stub/state", UriKind.Relative), Cancellation));
        return document.RootElement.Clone();
    }

    /// <summary>Sends a signal: to the daemon, or to another process.</summary>
    public static async Task SignalAsync(int process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Kills the daemon so that it can do nothing about it.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(Cancellation);
        _isEnded = true;
    }

    /// <summary>Ends it by a signal and returns its exit code.</summary>
    public async Task<int> EndAsync(string signal = "TERM")
    {
        await SignalAsync(ProcessId, signal);
        return await WaitForEndAsync();
    }

    /// <summary>Waits until it ended and returns its exit code.</summary>
    public async Task<int> WaitForEndAsync()
    {
        await _process.WaitForExitAsync(Cancellation).WaitAsync(Patience);
        _isEnded = true;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        try
        {
            if (!_isEnded)
                await EndWellAsync();
        }
        finally
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            _process.Dispose();
            if (_ownsFolder)
                _folder.Dispose();
        }
    }

    private async Task WaitUntilHealthyAsync()
    {
        await WaitUntilAsync(
            async () =>
            {
                Assert.False(_process.HasExited, "The daemon ended.");
                try
                {
                    return (await Client.GetAsync(new Uri("health", UriKind.Relative), Cancellation)).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Patience);
    }

    /// <summary>Ends it and asserts that it leaves no process and no file behind.</summary>
    public async Task EndWellAsync()
    {
        IReadOnlyList<int> children = ProcessTable.ChildrenOf(ProcessId);
        int exitCode = await EndAsync();
        Assert.True(exitCode == 0, $"The daemon ended with {exitCode}:\n{Log}");
        Assert.DoesNotContain(children, ProcessTable.IsAlive);
        Assert.False(File.Exists(SocketPath), "The socket is still there.");
        Assert.False(File.Exists(SocketPath + ".lock"), "The lock file is still there.");
        Assert.Empty(Directory.EnumerateFileSystemEntries(RuntimePath));
    }

    private static void Prepare(TemporaryFolder folder, DaemonSetup setup)
    {
        Directory.CreateDirectory(Path.Join(folder.Path, "run"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string models = Directory.CreateDirectory(Path.Join(folder.Path, "models")).FullName;
        foreach (string name in (string[])["tiny-chat.gguf", "tiny-embed.gguf"])
            File.Copy(Path.Join(Repository.Root, "models", name), Path.Join(models, name), overwrite: true);
        foreach ((string model, string faults) in setup.Faults)
            folder.Write(Path.Join("models", $"{model}.gguf.stub.json"), faults);
        if (setup.Configuration is { } configuration)
            folder.Write("model-runner.json", configuration);
    }

    private static ProcessStartInfo Command(TemporaryFolder folder, DaemonSetup setup)
    {
        string[] command = [setup.Program ?? Executable, "serve", .. setup.Arguments];
        if (setup.Shell is { } script)
            command = ["/bin/sh", "-c", script, "sh", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder.Path, UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string name in start.Environment.Keys.ToArray())
            if (name.StartsWith("MODEL_RUNNER_", StringComparison.Ordinal))
                start.Environment.Remove(name);

        start.Environment["MODEL_RUNNER_SOCK"] = "d.sock";
        start.Environment["MODELS_PATH"] = Path.Join(folder.Path, "models");
        start.Environment["LLAMA_SERVER_PATH"] = StubProcess.ExecutablePath;
        start.Environment["XDG_RUNTIME_DIR"] = Path.Join(folder.Path, "run");
        start.Environment["XDG_STATE_HOME"] = Path.Join(folder.Path, "state");

        // The models of this machine's other tools are none of the test's.
        start.Environment["MODEL_RUNNER_SOURCES"] = "none";
        if (setup.HasTcp)
            start.Environment["MODEL_RUNNER_PORT"] = "0";
        foreach ((string name, string? value) in setup.Environment)
            start.Environment[name] = value;
        return start;
    }

    /// <summary>Talks to whatever listens on a socket.</summary>
    public static HttpClient UnixClient(string path) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        ResponseDrainTimeout = TimeSpan.Zero,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost/"), Timeout = Patience,
    };

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/json", $"{(int)response.StatusCode}: {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    [GeneratedRegex("https?://[0-9.:]+[0-9]", RegexOptions.None, 1000)]
    private static partial Regex TcpPattern();
}

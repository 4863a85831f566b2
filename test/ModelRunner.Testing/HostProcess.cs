using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;

namespace ModelRunner.Testing;

/// <summary>
/// One llama-host (or llama-server) as a child process on a Unix socket of its own, ended and cleaned up with the object.
/// </summary>
internal sealed class HostProcess : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("lh-").FullName;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HostProcess(string program, IEnumerable<string> arguments)
    {
        string[] given = [.. arguments];
        int host = Array.IndexOf(given, "--host");
        SocketPath = host < 0 ? Path.Join(_folder, "h.sock") : given[host + 1];
        var start = new ProcessStartInfo(program, host < 0 ? [.. given, "--host", SocketPath] : given)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.Exited += (_, _) => _ended.TrySetResult();
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();

        Client = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false })
        {
            BaseAddress = new Uri("http://host"),
            Timeout = Limit,
        };
    }

    public static string Program { get; } = Path.Join(AppContext.BaseDirectory, "llama-host");

    public static string ChatModel { get; } = Path.Join(AppContext.BaseDirectory, "models", "tiny-chat.gguf");

    public static string EmbeddingModel { get; } = Path.Join(AppContext.BaseDirectory, "models", "tiny-embed.gguf");

    public string SocketPath { get; }

    public HttpClient Client { get; }

    public int Id => _process.Id;

    public string Log => string.Join('\n', _lines);

    /// <summary>Starts without waiting for anything.</summary>
    public static HostProcess Launch(params IEnumerable<string> arguments) => new(Program, arguments);

    /// <summary>Starts any program without waiting for anything.</summary>
    public static HostProcess LaunchProgram(string program, IEnumerable<string> arguments) => new(program, arguments);

    /// <summary>Starts and waits until the model is loaded.</summary>
    public static Task<HostProcess> StartAsync(params IEnumerable<string> arguments) => StartAsync(Program, arguments);

    /// <summary>Starts any program that takes llama-server's arguments, and waits until it is ready.</summary>
    public static async Task<HostProcess> StartAsync(string program, IEnumerable<string> arguments)
    {
        var process = new HostProcess(program, arguments);
        try
        {
            await process.WaitUntilReadyAsync();
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for the end and gives the exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await _ended.Task.WaitAsync(Limit);
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    /// <summary>Waits until the log has a text. The log is read apart from responses, so it may have it later than they come.</summary>
    public Task WaitForLogAsync(string text) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), Limit);

    /// <summary>Sends SIGTERM.</summary>
    public void Terminate() => Signals.Send(_process.Id, Signals.Terminate);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Note(string? line)
    {
        if (line is not null)
            _lines.Enqueue(line);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // There is no other signal for "the socket is there" than trying; the pauses are short and the whole is bounded.
    private async Task WaitUntilReadyAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"It ended with {_process.ExitCode} before it was ready: {Log}");
            try
            {
                using HttpResponseMessage health = await Client.GetAsync(new Uri("/health", UriKind.Relative), limit.Token);
                if (health.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(10, limit.Token);
        }
    }
}

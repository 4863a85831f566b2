using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Lab;

/// <summary>
/// A daemon in a folder of its own, on a Unix socket and on a port of 127.0.0.1. It can be killed and started again. Disposing ends it and
/// removes the folder.
/// </summary>
internal sealed partial class LabDaemon : IAsyncDisposable
{
    private const int KeptLines = 400;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly string[] OwnVariables = ["MODEL_RUNNER_", "LLAMA_", "DMR_", "MODELS_PATH", "DISABLE_METRICS", "OTEL_", "LOG_LEVEL"];

    private readonly LabPrograms _programs;
    private readonly LabSetup _setup;
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;

    private LabDaemon(LabPrograms programs, LabSetup setup)
    {
        (_programs, _setup) = (programs, setup);
        Folder = Directory.CreateTempSubdirectory("mr-lab-").FullName;
        ModelsFolder = Directory.CreateDirectory(Path.Join(Folder, "models")).FullName;
        StateFolder = Directory.CreateDirectory(Path.Join(Folder, "state")).FullName;
        SocketClient = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri("http://localhost/"), Timeout = Timeout.InfiniteTimeSpan,
        };
        PortClient = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public string Folder { get; }

    public string ModelsFolder { get; }

    /// <summary>The state and the log files.</summary>
    public string StateFolder { get; }

    /// <summary>The port, which stays the same when the daemon is started again.</summary>
    public int Port { get; private set; }

    public int ProcessId => _process!.Id;

    public bool HasEnded => _process is not { HasExited: false };

    public int? ExitCode => HasEnded ? _process?.ExitCode : null;

    /// <summary>Over the Unix socket.</summary>
    public HttpClient SocketClient { get; }

    /// <summary>Over TCP.</summary>
    public HttpClient PortClient { get; }

    /// <summary>The last lines of its log.</summary>
    public string Log => string.Join('\n', _log);

    public static async Task<LabDaemon> StartAsync(LabPrograms programs, LabSetup setup)
    {
        var lab = new LabDaemon(programs, setup);
        try
        {
            string source = Path.Join(Path.GetDirectoryName(programs.Daemon), "models", "tiny-chat.gguf");
            foreach ((string name, string faults) in setup.Models)
            {
                File.Copy(source, Path.Join(lab.ModelsFolder, name + ".gguf"));
                await File.WriteAllTextAsync(lab.FaultFileOf(name), faults);
            }

            await File.WriteAllTextAsync(Path.Join(lab.Folder, "model-runner.json"), setup.Configuration);
            await setup.Prepare(lab.Folder);
            await lab.StartAsync();
            lab.PortClient.BaseAddress = new Uri($"http://127.0.0.1:{lab.Port}/");
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the stub of a model reads its faults when it is started.</summary>
    public string FaultFileOf(string model) => Path.Join(ModelsFolder, model + ".gguf.stub.json");

    /// <summary>The runner of a model; 0: there is none.</summary>
    public int FindRunner(string model) => ProcessFolder.FindByArguments(Path.Join(ModelsFolder, model + ".gguf") + "\0") is [var runner, ..] ? runner : 0;

    /// <summary>All living processes of this lab but the daemon itself.</summary>
    public IReadOnlyList<int> FindProcesses() => [.. ProcessFolder.FindByArguments(Folder + "/").Where(process => process != _process?.Id || HasEnded)];

    /// <summary>Starts the daemon, and returns once it listens.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(
            _programs.Daemon,
            ["serve", "--socket", Path.Join(Folder, "d.sock"), "--port", $"{Port}", "--models-path", ModelsFolder, "--state-path", StateFolder, "--log-dir", Path.Join(Folder, _setup.LogFolder)])
        {
            WorkingDirectory = Folder, UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true,
        };
        foreach (string name in start.Environment.Keys.Where(static name => OwnVariables.Any(own => name.StartsWith(own, StringComparison.Ordinal))).ToArray())
            start.Environment.Remove(name);
        start.Environment["XDG_RUNTIME_DIR"] = Directory.CreateDirectory(Path.Join(Folder, "run")).FullName;
        start.Environment["LLAMA_SERVER_PATH"] = _programs.Stub;
        foreach ((string name, string value) in _setup.Variables)
            start.Environment[name] = value.Replace("{folder}", Folder, StringComparison.Ordinal);

        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process?.Dispose();
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Take(line.Data, listening);
        _process.BeginErrorReadLine();
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        Port = await listening.Task.WaitAsync(StartLimit);
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends it with SIGTERM.</summary>
    /// <returns>How long that took; null: it did not end in time, and was killed.</returns>
    public async Task<TimeSpan?> StopAsync(TimeSpan limit)
    {
        if (HasEnded)
            return TimeSpan.Zero;
        TimeSpan started = Clock.Now;
        await CommandLineTool.SignalAsync(ProcessId, "TERM");
        using var patience = new CancellationTokenSource(limit);
        await _process!.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_process.HasExited)
            return Clock.Now - started;
        await KillAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await CommandLineTool.SignalAsync(ProcessId, "CONT");
            await StopAsync(TimeSpan.FromSeconds(30));
            _process.Dispose();
        }

        SocketClient.Dispose();
        PortClient.Dispose();
        await _setup.CleanUp(Folder);
        Directory.Delete(Folder, recursive: true);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Join(Folder, "d.sock")), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Take(string? line, TaskCompletionSource<int> listening)
    {
        if (line is null)
        {
            listening.TrySetException(new BenchmarkException($"the daemon ended before it listened:\n{Log}"));
            return;
        }

        _log.Enqueue(line);
        if (_log.Count > KeptLines)
            _log.TryDequeue(out _);
        if (AddressPattern().Match(line) is { Success: true } address)
            listening.TrySetResult(int.Parse(address.ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("(?<=http://127\\.0\\.0\\.1:)[0-9]+", RegexOptions.None, 1000)]
    private static partial Regex AddressPattern();
}

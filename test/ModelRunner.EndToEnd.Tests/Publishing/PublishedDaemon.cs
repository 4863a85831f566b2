using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Publishing;

/// <summary>A published daemon with the models that come with it. Disposing ends it by SIGTERM and checks that it ended well.</summary>
internal sealed class PublishedDaemon : IAsyncDisposable
{
    private readonly Process _process;

    private PublishedDaemon(Process process, string socketPath, TimeSpan startup, ProcessorTimes times)
    {
        (_process, Startup, StartTimes) = (process, startup, times);
        Client = DaemonFixture.UnixClient(socketPath);
    }

    public HttpClient Client { get; }

    public int ProcessId => _process.Id;

    /// <summary>From the start of the process until it said that it listens.</summary>
    public TimeSpan Startup { get; }

    /// <summary>Its times until then.</summary>
    public ProcessorTimes StartTimes { get; }

    /// <summary>Starts it and returns once it listens.</summary>
    /// <param name="command">The program and its arguments; it must become the daemon and not start it.</param>
    /// <param name="folder">An empty folder of its own.</param>
    /// <param name="environment">All of its variables, beside the socket and the places of its files.</param>
    public static async Task<PublishedDaemon> StartAsync(string[] command, string folder, IReadOnlyDictionary<string, string> environment)
    {
        long started = Stopwatch.GetTimestamp();
        Process process = Start(command, folder, environment);
        var log = new List<string>();
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            log.Add(line);
            if (!line.Contains(" listens on ", StringComparison.Ordinal))
                continue;
            TimeSpan startup = Stopwatch.GetElapsedTime(started);
            ProcessorTimes times = ProcessorTimes.Of(process.Id);
            // The pipes must be drained for as long as the process lives.
            _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new PublishedDaemon(process, Path.Join(folder, "model-runner.sock"), startup, times);
        }

        throw new InvalidOperationException($"The daemon ended:\n{string.Join('\n', log)}");
    }

    /// <summary>Starts one whose log goes nowhere, and returns once its socket answers. The parameters are those of the other one.</summary>
    public static async Task<PublishedDaemon> StartSilentAsync(string[] command, string folder, IReadOnlyDictionary<string, string> environment)
    {
        long started = Stopwatch.GetTimestamp();
        Process process = Start(command, folder, environment);
        string socketPath = Path.Join(folder, "model-runner.sock");
        using HttpClient client = DaemonFixture.UnixClient(socketPath);
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                Assert.False(process.HasExited, "The daemon ended.");
                try
                {
                    using HttpResponseMessage answer = await client.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            DaemonFixture.Patience);
        return new PublishedDaemon(process, socketPath, Stopwatch.GetElapsedTime(started), ProcessorTimes.Of(process.Id));
    }

    /// <summary>
    /// What it holds of the machine's memory, in bytes, as soon as that is less than the limit. It frees what the start left after it listens; so after five
    /// seconds it is what it holds then.
    /// </summary>
    public async Task<long> IdleBytesAsync(long limit)
    {
        long begin = Stopwatch.GetTimestamp();
        while (ResidentBytes() >= limit && Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(5))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        return ResidentBytes();
    }

    private long ResidentBytes()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }

    private static Process Start(string[] command, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment.Clear();
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await DaemonFixture.SignalAsync(_process.Id, "TERM");
        try
        {
            await _process.WaitForExitAsync().WaitAsync(DaemonFixture.Patience);
            Assert.Equal(0, _process.ExitCode);
        }
        finally
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }
}

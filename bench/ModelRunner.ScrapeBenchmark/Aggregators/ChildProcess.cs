using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ModelRunner.ScrapeBenchmark.Aggregators;

/// <summary>
/// A program that serves HTTP on 127.0.0.1 and writes its port to standard error. Disposing ends it: with SIGTERM, and with SIGKILL if that
/// does not suffice.
/// </summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lastLines = new();
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginErrorReadLine();

        // The greeting of the daemon is not part of the table.
        _process.BeginOutputReadLine();
    }

    public int Id => _process.Id;

    /// <summary>Its address.</summary>
    public int Port => _port.Task.Result;

    /// <summary>Whether it ended, and its last output.</summary>
    public bool HasEnded(out string lastLines)
    {
        lastLines = string.Join('\n', _lastLines);
        return _process.HasExited;
    }

    /// <summary>Starts it and returns once it listens.</summary>
    /// <exception cref="BenchmarkException">It could not be started, or ended, or does not listen.</exception>
    public static async Task<ChildProcess> StartAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        start.UseShellExecute = false;
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;

        // The sockets that .NET creates for debuggers remain if a process is killed.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        ChildProcess child;
        try
        {
            child = new ChildProcess(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new BenchmarkException($"{start.FileName} could not be started: {exception.Message}");
        }

        try
        {
            await child._port.Task.WaitAsync(StartLimit, cancellation);
            return child;
        }
        catch (Exception exception)
        {
            await child.DisposeAsync();
            throw exception is TimeoutException
                ? new BenchmarkException($"{start.FileName} did not say within {StartLimit.TotalSeconds:F0} s on which port it listens")
                : exception;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, SigTerm);
            using var patience = new CancellationTokenSource(EndLimit);
            await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        const int Kept = 5;
        if (line is null)
        {
            _port.TrySetException(new BenchmarkException($"{_process.StartInfo.FileName} ended before it listened:\n{string.Join('\n', _lastLines)}"));
            return;
        }

        _lastLines.Enqueue(line);
        if (_lastLines.Count > Kept)
            _lastLines.TryDequeue(out _);
        if (AddressPattern().Match(line) is { Success: true } address)
            _port.TrySetResult(int.Parse(address.ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("(?<=http://127\\.0\\.0\\.1:)[0-9]+", RegexOptions.None, 1000)]
    private static partial Regex AddressPattern();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}

using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.ScrapeBenchmark.Tests;

/// <summary>The tool as a process of its own, with a temporary folder of its own, in which it must leave nothing.</summary>
internal sealed class BenchmarkProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    public BenchmarkProcess(params string[] arguments)
        : this(ExecutablePath, arguments)
    {
    }

    private BenchmarkProcess(string executable, string[] arguments)
    {
        var start = new ProcessStartInfo(executable, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TMPDIR"] = _folder.Path;
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        _error = _process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public static string ExecutablePath { get; } = Path.Join(AppContext.BaseDirectory, "ModelRunner.ScrapeBenchmark");

    /// <summary>The daemon, as it was built with these tests.</summary>
    public static string DaemonPath { get; } = Path.Join(
        AppContext.BaseDirectory.Replace("test/ModelRunner.ScrapeBenchmark.Tests", "src/ModelRunner.Daemon", StringComparison.Ordinal), "model-runner");

    public int Id => _process.Id;

    /// <summary>Starts the tool that measures requests.</summary>
    public static BenchmarkProcess OfRequests(params string[] arguments) =>
        new(Path.Join(AppContext.BaseDirectory, "ModelRunner.RequestBenchmark"), arguments);

    /// <summary>Starts the tool that runs the daemon for a long time or with faults.</summary>
    public static BenchmarkProcess OfReliability(params string[] arguments) =>
        new(Path.Join(AppContext.BaseDirectory, "ModelRunner.Reliability"), [.. arguments, "--daemon", DaemonPath, "--stub", StubProcess.ExecutablePath]);

    /// <summary>Waits until it ended and left nothing behind.</summary>
    public async Task<(int ExitCode, string Output, string Error)> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        return (_process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _folder.Dispose();
    }
}

using System.Diagnostics;
using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.ScrapeBenchmark.Tests;

/// <summary>The tool from outside, with the real daemon.</summary>
public sealed class BenchmarkCommandTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama", "text", "2 × llama-server", 12, 50)]
    [InlineData("huge", "text", "2 × 100,000 samples", 100_000, 50)]
    [InlineData("vllm", "openmetrics", "2 × vLLM (OpenMetrics)", 520, 50)]
    [InlineData("vllm", "openmetrics-gzip", "2 × vLLM (OpenMetrics, gzip)", 520, 1)]
    public async Task Check_47_A_workload_is_measured_beside_the_floor(string page, string form, string title, int samples, int minBytesOfSample)
    {
        (int exitCode, string output, string error) = await RunAsync(
            "--daemon", BenchmarkProcess.DaemonPath, "--runners", "2", "--page", page, "--form", form, "--runs", "2", "--seconds", "0.2", "--floor");

        Assert.True(exitCode == 0, error);
        Assert.Empty(error);
        string[] cells = [.. output.TrimEnd().Split('\n')[^1].Trim('|').Split('|').Select(static cell => cell.Trim())];
        Assert.Equal(13, cells.Length);
        TestContext.Current.TestOutputHelper?.WriteLine($"{title}: {cells[1]} ms of a processor per scrape, half of the scrapes within {cells[4]} ms, {cells[8]} MiB");
        Assert.Equal(title, cells[0]);
        double[] cpu = [.. cells[1].Replace("*", "", StringComparison.Ordinal).Split(" / ").Select(Number)];
        Assert.Equal(cpu.Order(), cpu);
        Assert.InRange(cpu[0], 0.01, 60_000);
        Assert.InRange(Number(cells[4]), 0.01, Number(cells[5]));
        Assert.InRange(Number(cells[6]), 2, 100_000);
        Assert.InRange(Number(cells[7]) * 1e6, 2 * samples * minBytesOfSample, (2 * samples * 250) + 50_000);
        Assert.InRange(Number(cells[8]), 10, 2000);
        Assert.InRange(Number(cells[9]), 10, 4000);
        Assert.InRange(Number(cells[11]), 0.001, cpu[1]);
        Assert.InRange(Number(cells[12]), 1, 10_000);
    }

    [Fact]
    public async Task A_daemon_with_a_wrong_page_is_an_error()
    {
        using var folder = new TemporaryFolder();
        string daemon = folder.WriteExecutable("daemon");
        await File.AppendAllTextAsync(daemon, $"exec '{BenchmarkProcess.ExecutablePath}' floor \"$PWD\" 2\n", Cancellation);

        (int exitCode, _, string error) = await RunAsync("--daemon", daemon, "--runners", "2", "--seconds", "0");

        Assert.Equal(1, exitCode);
        Assert.StartsWith("error: the page of the daemon is wrong: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo 'the last word' >&2", "ended before it listened:\nthe last word")]
    [InlineData("echo 'listens on http://127.0.0.1:1' >&2; exec sleep 60", "did not answer")]
    public async Task A_daemon_that_does_not_serve_is_an_error(string script, string reason)
    {
        using var folder = new TemporaryFolder();
        string daemon = folder.WriteExecutable("daemon");
        await File.AppendAllTextAsync(daemon, script + "\n", Cancellation);

        (int exitCode, _, string error) = await RunAsync("--daemon", daemon, "--runners", "1", "--seconds", "0");

        Assert.Equal(1, exitCode);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "--daemon", "/nowhere/model-runner")]
    [InlineData(2, "--runners", "0")]
    [InlineData(2, "--page", "none")]
    [InlineData(2, "--form", "protobuf")]
    [InlineData(2, "--seconds", "-1")]
    public async Task Wrong_arguments_are_told(int expected, params string[] arguments)
    {
        (int exitCode, _, string error) = await RunAsync(arguments);

        Assert.Equal(expected, exitCode);
        Assert.Contains(arguments[1], error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_ends_everything_that_was_started()
    {
        using var benchmark = new BenchmarkProcess("--daemon", BenchmarkProcess.DaemonPath, "--runners", "3", "--seconds", "3600", "--floor");
        IReadOnlyList<int> children = [];
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult((children = ProcessTable.ChildrenOf(benchmark.Id)).Count >= 2), DaemonFixture.Patience);
        using (Process kill = Process.Start("kill", ["-INT", $"{benchmark.Id}"]))
            await kill.WaitForExitAsync(Cancellation);

        (int exitCode, _, string error) = await benchmark.EndAsync();

        Assert.Equal((130, ""), (exitCode, error));
        Assert.DoesNotContain(children, ProcessTable.IsAlive);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var benchmark = new BenchmarkProcess(arguments);
        return await benchmark.EndAsync();
    }

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
}

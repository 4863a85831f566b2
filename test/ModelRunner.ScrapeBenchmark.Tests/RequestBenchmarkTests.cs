using System.Globalization;

namespace ModelRunner.ScrapeBenchmark.Tests;

/// <summary>The tool that measures requests, from outside, with the real daemon.</summary>
public sealed class RequestBenchmarkTests
{
    [Fact]
    public async Task Requests_and_streams_are_measured_without_a_daemon_and_with_two_of_them()
    {
        using BenchmarkProcess benchmark = BenchmarkProcess.OfRequests(
            "--daemon", BenchmarkProcess.DaemonPath, "--connections", "2", "--runs", "1", "--seconds", "0.2");

        (int exitCode, string output, string error) = await benchmark.EndAsync();

        Assert.True(exitCode == 0, error);
        Assert.Empty(error);
        string[][] rows =
        [
            .. output.TrimEnd().Split('\n')[^3..].Select(static line => line.Trim('|').Split('|').Select(static cell => cell.Trim()).ToArray()),
        ];
        Assert.Equal(["no daemon", "no ledger", "ledger"], rows.Select(static row => row[0]));
        Assert.Equal("–", rows[0][3]);
        foreach (string[] row in rows)
        {
            Assert.InRange(Number(row[1]), 1, 1_000_000);
            Assert.InRange(Number(row[4]), 1, Number(row[5]));
            Assert.InRange(Number(row[7]), 1, Number(row[8]));
        }

        Assert.InRange(Number(rows[2][3]), 1, 10_000_000);
    }

    [Theory]
    [InlineData(1, "--daemon", "/nowhere/model-runner")]
    [InlineData(1, "--compare", "/nowhere/model-runner")]
    [InlineData(2, "--connections", "0")]
    [InlineData(2, "--seconds", "0")]
    public async Task Wrong_arguments_are_told(int expected, params string[] arguments)
    {
        using BenchmarkProcess benchmark = BenchmarkProcess.OfRequests(
            arguments[0] == "--compare" ? ["--daemon", BenchmarkProcess.DaemonPath, .. arguments] : arguments);

        (int exitCode, _, string error) = await benchmark.EndAsync();

        Assert.Equal(expected, exitCode);
        Assert.Contains(arguments[1], error, StringComparison.Ordinal);
    }

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
}

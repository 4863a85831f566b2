using System.Globalization;

namespace ModelRunner.ScrapeBenchmark.Tests;

/// <summary>The tool that measures requests, from outside, with the real daemon.</summary>
public sealed class RequestBenchmarkTests
{
    private const double MaxAdded = 20_000;

    [Fact]
    public async Task Check_46_Requests_and_streams_are_measured_without_a_daemon_and_with_two_of_them()
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

        // Microseconds that the daemon adds to half of the responses and of the events of a stream. The machine may be busy; a request that waits for a timer is not excused.
        foreach (string[] row in rows[1..])
        {
            double[] added = [Number(row[4]) - Number(rows[0][4]), Number(row[7]) - Number(rows[0][7])];
            TestContext.Current.TestOutputHelper?.WriteLine($"{row[0]}: {added[0]:0} us more per request, {added[1]:0} us more per event");
            Assert.All(added, static time => Assert.InRange(time, double.MinValue, MaxAdded));
        }
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

using System.Text.RegularExpressions;
using ModelRunner.Testing;

namespace ModelRunner.ScrapeBenchmark.Tests;

/// <summary>The tool behind docs/benchmarks/soak.md and docs/benchmarks/chaos.md, with the real daemon for a short time.</summary>
public sealed class ReliabilityTests
{
    private const int MaxAttempts = 3;

    [Fact]
    public async Task Check_48_A_short_soak_has_no_wrong_answer_and_leaves_no_process()
    {
        ExternalTool.Require("prometheus");
        ExternalTool.Require("promtool");
        string output = await SoakAsync();
        for (int attempt = 1; attempt < MaxAttempts && !IsGood(output) && IsOnlyLate(output); attempt++)
            output = await SoakAsync();

        Assert.True(IsGood(output), output);
        Assert.Matches("(?m)^[0-9]{3,} requests: [0-9]+ Right", output);
        Assert.DoesNotContain(" Wrong", output, StringComparison.Ordinal);
        Assert.DoesNotContain(" Hung", output, StringComparison.Ordinal);
        Assert.Contains(" 0 samples dropped.", output, StringComparison.Ordinal);

        // The criteria had something to judge: scrapes of both kinds, and rests in which no process was left.
        Assert.Matches("(?m)^Scrapes over the Unix socket: [0-9]{2,} valid, ", output);
        Assert.Matches("(?m)^Scrapes of Prometheus over TCP: [0-9]{2,}, up in 100 %,", output);
        string[] samples = [.. output.Split('\n').Where(static line => line.Contains(" zombies", StringComparison.Ordinal) && line.Contains(" MiB, ", StringComparison.Ordinal))];
        Assert.InRange(samples.Length, 3, 100);
        Assert.All(samples, static sample => Assert.EndsWith(", 0 children, 0 zombies", sample, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_49_A_killed_runner_breaks_no_rule_in_any_phase()
    {
        ExternalTool.Require("prometheus");
        ExternalTool.Require("promtool");
        using BenchmarkProcess chaos = BenchmarkProcess.OfReliability("chaos", "--only", "runner killed");

        (int exitCode, string output, string error) = await chaos.EndAsync();

        TestContext.Current.TestOutputHelper?.WriteLine(output + error);
        Assert.True(exitCode == 0, output + error);
        Assert.Matches("(?m)^\\| runner killed \\|( 1/1, [0-9.]+ s \\|){5}$", output);
        Assert.Contains("5 cells, 0 problems", output, StringComparison.Ordinal);
    }

    // In so short a run the slopes cannot be decided. Pages of the first ten seconds may be late, while the ordinary build compiles its code. All else must hold.
    private static bool IsGood(string output) => Regex.IsMatch(output, "(?m)^(PASS|FAIL: (scrapes, )?slopes)$")
        && ProblemsOf(output).All(static line => Regex.IsMatch(line, "^- 00:00:0[0-9] scrape: no page within 1 s$"));

    // A page that comes too late once, on a machine that others use, proves nothing.
    private static bool IsOnlyLate(string output) => Regex.IsMatch(output, "(?m)^FAIL: (scrapes, )?(prometheus, )?slopes$")
        && ProblemsOf(output).All(static line => line.EndsWith("no page within 1 s", StringComparison.Ordinal))
        && output.Contains(" 0 samples dropped.", StringComparison.Ordinal);

    private static IEnumerable<string> ProblemsOf(string output) => output.Split('\n').Where(static line => line.StartsWith("- ", StringComparison.Ordinal));

    private static async Task<string> SoakAsync()
    {
        using BenchmarkProcess soak = BenchmarkProcess.OfReliability("soak", "--minutes", "1.2", "--part", "5");
        (int exitCode, string output, string error) = await soak.EndAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.Empty(error);
        Assert.InRange(exitCode, 0, 1);
        return output;
    }
}

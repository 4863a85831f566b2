using System.Globalization;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>What the checks of docs/reliability.md print and count.</summary>
internal static class Figures
{
    /// <summary>Set to <c>full</c>, it makes the checks repeat as often as docs/reliability.md says. Without it a few of them repeat less often.</summary>
    private const string Variable = "MODEL_RUNNER_CHECKS";

    /// <summary>How often to repeat.</summary>
    public static int Count(int usual, int full) => Environment.GetEnvironmentVariable(Variable) == "full" ? full : usual;

    /// <summary>Prints what was measured, into the output of the test.</summary>
    public static void Print(FormattableString text) => TestContext.Current.TestOutputHelper?.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>The duration that so large a share of the durations do not exceed.</summary>
    public static TimeSpan Quantile(IEnumerable<TimeSpan> durations, double share)
    {
        TimeSpan[] sorted = [.. durations.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }

    /// <summary>
    /// Repeats a measurement of durations while other programs take the processors. What is not about time must hold each time.
    /// </summary>
    /// <param name="processes">The processes of the test beside this one.</param>
    /// <param name="measure">Returns what is too slow; null: nothing.</param>
    public static async Task RetryWhileBusyAsync(IReadOnlyList<int> processes, Func<Task<string?>> measure)
    {
        const int MaxAttempts = 10;
        const double MaxForeignShare = 0.2;
        for (int attempt = 1; ; attempt++)
        {
            var foreign = new Testing.ForeignLoad(processes);
            string? problem = await measure();
            if (problem is null)
                return;
            double share = foreign.Share;
            Print($"attempt {attempt}: {problem}; other programs took {share:P0} of the processors");
            Assert.True(attempt < MaxAttempts && share > MaxForeignShare, $"{problem}; other programs took {share:P0} of the processors");
        }
    }
}

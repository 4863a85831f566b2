using System.Globalization;

namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>Looks at pages one after another: no total may fall or disappear, also over a restart of the daemon.</summary>
internal sealed class TotalsWatch
{
    public const string Requests = "model_runner_requests_total";
    public const string Tokens = "model_runner_tokens_total";
    public const string Unconfirmed = "model_runner_tokens_unconfirmed_total";

    // Processor time is not here: its last second may be lost.
    private static readonly string[] Totals =
    [
        Requests, Tokens, Unconfirmed, "model_runner_usage_source_total", "model_runner_request_duration_seconds",
        "model_runner_time_to_first_token_seconds", "model_runner_time_per_output_token_seconds", "model_runner_queue_wait_seconds",
        "model_runner_load_wait_seconds", "model_runner_stops_total", "model_runner_crashes_total", "model_runner_stalls_total",
        "model_runner_loads_total", "model_runner_load_duration_seconds",
    ];

    private Dictionary<string, double> _last = new(StringComparer.Ordinal);

    /// <summary>The series of a page with their values.</summary>
    public static Dictionary<string, double> Read(string page)
    {
        var series = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (string line in page.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line[0] != '#' && line.LastIndexOf(' ') is var end)
                series.Add(line[..end], double.Parse(line[(end + 1)..], CultureInfo.InvariantCulture));
        return series;
    }

    /// <summary>Compares a page with the one before.</summary>
    public void Observe(Dictionary<string, double> page)
    {
        foreach ((string series, double before) in _last)
        {
            Assert.True(page.TryGetValue(series, out double now), $"{series} has disappeared.");
            Assert.True(now >= before, $"{series} fell from {before} to {now}.");
        }

        _last = page.Where(static series => Totals.Any(total => series.Key.StartsWith(total, StringComparison.Ordinal)))
            .ToDictionary(StringComparer.Ordinal);
    }
}

using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Accounting;

/// <summary>The daemon's page at a time when no request is in flight, so that every ended request is on it.</summary>
internal sealed class AccountedPage
{
    public const string Requests = "model_runner_requests_total";
    public const string InFlight = "model_runner_requests_in_flight";
    public const string Queued = "model_runner_requests_queued";
    public const string Refused = "model_runner_requests_refused_total";
    public const string Duration = "model_runner_request_duration_seconds";
    public const string FirstToken = "model_runner_time_to_first_token_seconds";
    public const string OutputToken = "model_runner_time_per_output_token_seconds";
    public const string QueueWait = "model_runner_queue_wait_seconds";
    public const string LoadWait = "model_runner_load_wait_seconds";
    public const string Tokens = "model_runner_tokens_total";
    public const string Sources = "model_runner_usage_source_total";

    private readonly string[] _lines;

    public AccountedPage(string text) => (Text, _lines) = (text, text.Split('\n'));

    public string Text { get; }

    /// <summary>All series of the families of requests, with their values.</summary>
    public IReadOnlyList<string> Series => [.. _lines.Where(static line =>
        new[] { Requests, InFlight, Queued, Refused, Duration, FirstToken, OutputToken, QueueWait, LoadWait, Tokens, Sources }
            .Any(name => line.StartsWith(name, StringComparison.Ordinal)))];

    public static async Task<AccountedPage> ReadAsync(DaemonFixture daemon)
    {
        AccountedPage page = await ReadNowAsync(daemon);
        await DaemonFixture.WaitUntilAsync(
            async () => (page = await ReadNowAsync(daemon)).Sum(InFlight) == 0, DaemonFixture.Patience);
        return page;
    }

    public static async Task<AccountedPage> ReadNowAsync(DaemonFixture daemon) =>
        new(await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken));

    /// <summary>The sum of the samples of this name that have all of these labels.</summary>
    public double Sum(string name, params ReadOnlySpan<string> labels)
    {
        double sum = 0;
        foreach (string line in _lines)
        {
            if (!line.StartsWith(name + "{", StringComparison.Ordinal) && !line.StartsWith(name + " ", StringComparison.Ordinal))
                continue;
            bool hasAllLabels = true;
            foreach (string label in labels)
                hasAllLabels &= line.Contains(label, StringComparison.Ordinal);
            if (hasAllLabels)
                sum += double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }

        return sum;
    }
}

using System.Text.Json;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>
/// Every query of the shipped dashboard and of the shipped rules, asked in a real Prometheus that scrapes a real daemon. A query that names a
/// metric, a label or a value that does not exist would be valid, and show nothing.
/// </summary>
public sealed class DeployedQueryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Families that the shipped files name and that the page of this test does not have.</summary>
    private static readonly MetricFamily[] SpecialFamilies = [MetricFamilies.CertificateExpiry, MetricFamilies.Stalls];

    /// <summary>What Prometheus itself adds for each target.</summary>
    private static readonly string[] OwnLabels = ["job", "instance"];

    /// <summary>Labels whose values are closed lists, which docs/metrics.md explains.</summary>
    private static readonly string[] ClosedLabels = ["class", "conflict", "outcome", "reason", "result", "source", "state", "type"];

    private const string Record = "record ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_panel_shows_data_and_every_name_in_dashboard_and_rules_exists()
    {
        await using ScrapedDaemon scraped = await ScrapedDaemon.StartAsync();
        await scraped.SendRequestsAsync();
        await scraped.StopRunnersAsync();

        IReadOnlyList<ShippedQuery> rules = await CheckRulesAsync(scraped);
        foreach (PrometheusProcess server in scraped.Servers)
            await WaitForDataAsync(scraped, server, [.. ShippedDashboard.Queries, .. rules.Where(static rule => rule.Place.StartsWith(Record, StringComparison.Ordinal)).Select(Recorded)]);
        foreach (PrometheusProcess server in scraped.Servers)
            await WaitForDataAsync(scraped, server, [new("first stop", """ALERTS{alertname="ModelRunnerRunnerStopped",alertstate="firing",reason="killed"}""")]);

        IReadOnlyDictionary<string, HashSet<string>> labels = await LabelsAsync(scraped.Servers[1]);
        string[] problems = [.. (await Task.WhenAll(ShippedDashboard.Queries.Concat(rules).Select(query => ProblemsAsync(scraped.Servers[1], query, labels))))
            .SelectMany(static found => found)];
        Assert.True(problems.Length == 0, string.Join('\n', problems));
        foreach ((string selector, string label) in ShippedDashboard.LabelQueries)
        {
            JsonElement values = await scraped.Servers[0].GetAsync($"api/v1/label/{label}/values?match[]={Uri.EscapeDataString(selector)}", Cancellation);
            Assert.True(values.GetArrayLength() > 0, $"label_values({selector}, {label}) is empty.");
        }
    }

    [Fact]
    public void A_special_family_is_one_of_the_daemon() => Assert.Subset(MetricFamilies.All.ToHashSet(), SpecialFamilies.ToHashSet());

    /// <summary>Both versions evaluate each rule without an error, and each alert tells its severity, its value and what to do. Returns the expressions.</summary>
    private static async Task<IReadOnlyList<ShippedQuery>> CheckRulesAsync(ScrapedDaemon scraped)
    {
        JsonElement[] rules = [];
        foreach (PrometheusProcess server in scraped.Servers)
        {
            await DaemonFixture.WaitUntilAsync(
                async () =>
                {
                    JsonElement data = await server.GetAsync("api/v1/rules", Cancellation);
                    rules = [.. data.GetProperty("groups").EnumerateArray().SelectMany(static group => group.GetProperty("rules").EnumerateArray())];
                    return rules.Length > 0 && rules.All(static rule => rule.GetProperty("health").GetString() != "unknown");
                },
                Patience);
            Assert.All(rules, static rule => Assert.True(rule.GetProperty("health").GetString() == "ok", rule.ToString()));
        }

        JsonElement[] alerts = [.. rules.Where(static rule => rule.GetProperty("type").GetString() == "alerting")];
        Assert.NotEmpty(alerts);
        Assert.All(alerts, static alert =>
        {
            JsonElement annotations = alert.GetProperty("annotations");
            Assert.Contains(alert.GetProperty("labels").GetProperty("severity").GetString(), (string[])["critical", "warning"]);
            Assert.Contains("$value", annotations.GetProperty("summary").GetString(), StringComparison.Ordinal);
            Assert.EndsWith(".", annotations.GetProperty("summary").GetString(), StringComparison.Ordinal);
            Assert.EndsWith(".", annotations.GetProperty("description").GetString(), StringComparison.Ordinal);
        });
        return [.. rules.Select(static rule => new ShippedQuery(
            rule.GetProperty("type").GetString() == "alerting" ? $"alert {rule.GetProperty("name")}" : $"{Record}{rule.GetProperty("name")}",
            rule.GetProperty("query").GetString()!))];
    }

    /// <summary>The query of the series that a rule records.</summary>
    private static ShippedQuery Recorded(ShippedQuery rule) => rule with { Text = rule.Place[Record.Length..] };

    /// <summary>Sends requests until each query has a result that is a number.</summary>
    private static async Task WaitForDataAsync(ScrapedDaemon scraped, PrometheusProcess server, IEnumerable<ShippedQuery> queries)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        List<ShippedQuery> empty = [.. queries];
        while (true)
        {
            foreach (ShippedQuery query in empty.ToArray())
                if ((await ResultAsync(server, query)).Length > 0)
                    empty.Remove(query);
            if (empty.Count == 0)
                return;
            Assert.False(patience.IsCancellationRequested, $"No data within {Patience}:\n{string.Join('\n', empty)}");
            await scraped.SendRequestsAsync();
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    private static async Task<JsonElement[]> ResultAsync(PrometheusProcess server, ShippedQuery query)
    {
        try
        {
            return await ScrapedDaemon.QueryAsync(server, query.Text);
        }
        catch (HttpRequestException failure)
        {
            Assert.Fail($"{query.Place}: {failure.Message}\n{query.Text}");
            return [];
        }
    }

    /// <summary>The label names of each metric in Prometheus, of recorded ones too, and of the families that are not on the page.</summary>
    private static async Task<IReadOnlyDictionary<string, HashSet<string>>> LabelsAsync(PrometheusProcess server)
    {
        JsonElement series = await server.GetAsync($"api/v1/series?match[]={Uri.EscapeDataString("{job=\"model-runner\"}")}", Cancellation);
        Dictionary<string, HashSet<string>> labels = series.EnumerateArray()
            .GroupBy(static one => one.GetProperty("__name__").GetString()!, StringComparer.Ordinal)
            .ToDictionary(
                static metric => metric.Key,
                static metric => metric.SelectMany(static one => one.EnumerateObject()).Select(static label => label.Name).ToHashSet(StringComparer.Ordinal),
                StringComparer.Ordinal);
        foreach (MetricFamily family in SpecialFamilies)
        {
            Assert.True(
                labels.TryAdd(family.Name, [.. OwnLabels, .. (ReadOnlySpan<string>)(family.IsPerRunner || family.IsPerModel ? ["backend", "model", "mode"] : []), .. family.Labels]),
                $"{family.Name} is on the page and so not special.");
        }

        return labels;
    }

    private static async Task<IEnumerable<string>> ProblemsAsync(PrometheusProcess server, ShippedQuery query, IReadOnlyDictionary<string, HashSet<string>> labels)
    {
        var parsed = new ParsedQuery(await server.GetAsync($"api/v1/parse_query?query={Uri.EscapeDataString(query.Text)}", Cancellation));
        var problems = new List<string>();
        var known = new HashSet<string>(OwnLabels, StringComparer.Ordinal) { "le" };
        foreach ((string metric, IReadOnlyList<(string Name, string Value)> matchers) in parsed.Selectors)
        {
            if (!labels.TryGetValue(metric, out HashSet<string>? names))
            {
                problems.Add($"{query.Place}: there is no metric {metric}");
                continue;
            }

            known.UnionWith(names);
            problems.AddRange(matchers.Where(matcher => !names.Contains(matcher.Name)).Select(matcher => $"{query.Place}: {metric} has no label {matcher.Name}"));
            problems.AddRange(matchers.Where(static matcher => ClosedLabels.Contains(matcher.Name))
                .SelectMany(static matcher => matcher.Value.Split('|'), static (matcher, value) => (matcher.Name, Value: value))
                .Where(static pair => !Documentation.Contains($"`{pair.Value}`", StringComparison.Ordinal))
                .Select(pair => $"{query.Place}: {metric} has no {pair.Name} {pair.Value}"));
        }

        problems.AddRange(parsed.Labels.Except(known, StringComparer.Ordinal).Select(label => $"{query.Place}: no series has the label {label}"));
        return problems;
    }

    private static string Documentation { get; } = File.ReadAllText(Path.Join(Repository.Root, "docs/metrics.md"));
}

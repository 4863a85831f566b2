using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>The dashboard of <c>deploy/grafana</c>, with its variables replaced as Grafana does it when everything is selected.</summary>
internal static partial class ShippedDashboard
{
    // Longer names first, because $__range begins like no other, but $job would also match $jobs.
    private static readonly (string Name, string Value)[] Variables =
    [
        ("$__rate_interval", "1m"), ("$__range", "1h"), ("$instance", ".*"), ("$model", ".*"), ("$job", ".*"),
    ];

    private static readonly JsonElement Root = Read();

    /// <summary>The queries of all panels.</summary>
    public static IReadOnlyList<ShippedQuery> Queries { get; } =
    [
        .. from panel in Root.GetProperty("panels").EnumerateArray()
           where panel.GetProperty("type").GetString() != "row"
           from target in panel.GetProperty("targets").EnumerateArray()
           select new ShippedQuery(
               $"panel \"{panel.GetProperty("title").GetString()}\" {target.GetProperty("refId").GetString()}", Replace(target.GetProperty("expr").GetString()!)),
    ];

    /// <summary>The queries of the template variables: the selector of the series, and the label whose values are listed.</summary>
    public static IReadOnlyList<(string Selector, string Label)> LabelQueries { get; } =
    [
        .. from variable in Root.GetProperty("templating").GetProperty("list").EnumerateArray()
           where variable.GetProperty("type").GetString() == "query"
           let match = LabelValues().Match(Replace(variable.GetProperty("query").GetProperty("query").GetString()!))
           select (match.Groups["selector"].Value, match.Groups["label"].Value),
    ];

    private static string Replace(string query)
    {
        foreach ((string name, string value) in Variables)
            query = query.Replace(name, value, StringComparison.Ordinal);
        return query;
    }

    private static JsonElement Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Repository.Root, "deploy/grafana/model-runner.json")));
        return document.RootElement.Clone();
    }

    [GeneratedRegex("^label_values\\((?<selector>.+), (?<label>[a-z_]+)\\)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelValues();
}

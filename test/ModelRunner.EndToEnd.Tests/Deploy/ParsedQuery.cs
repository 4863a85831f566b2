using System.Text.Json;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>The parts of a query that name series and labels, found by the parser of Prometheus 3.</summary>
internal sealed class ParsedQuery
{
    private readonly List<(string Metric, IReadOnlyList<(string Name, string Value)> Matchers)> _selectors = [];
    private readonly HashSet<string> _labels = new(StringComparer.Ordinal);

    /// <summary>Reads the answer of <c>/api/v1/parse_query</c>.</summary>
    public ParsedQuery(JsonElement tree) => Walk(tree);

    /// <summary>The metrics that it selects, with the labels and values that it compares.</summary>
    public IReadOnlyList<(string Metric, IReadOnlyList<(string Name, string Value)> Matchers)> Selectors => _selectors;

    /// <summary>The labels by which it groups or joins.</summary>
    public IReadOnlyCollection<string> Labels => _labels;

    private void Walk(JsonElement node)
    {
        if (node.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in node.EnumerateArray())
                Walk(item);
        }

        if (node.ValueKind != JsonValueKind.Object)
            return;
        if (node.TryGetProperty("matchers", out JsonElement matchers))
            AddSelector(matchers);
        foreach (JsonProperty member in node.EnumerateObject())
        {
            if (member.Name is "grouping" or "labels" or "include")
                _labels.UnionWith(member.Value.EnumerateArray().Select(static label => label.GetString()!));
            else
                Walk(member.Value);
        }
    }

    // The name of the metric is a matcher too. A regular expression names several.
    private void AddSelector(JsonElement matchers)
    {
        (string Name, string Value)[] all =
            [.. matchers.EnumerateArray().Select(static matcher => (matcher.GetProperty("name").GetString()!, matcher.GetProperty("value").GetString()!))];
        (string, string)[] compared = [.. all.Where(static matcher => matcher.Name != "__name__")];
        foreach (string metric in all.Single(static matcher => matcher.Name == "__name__").Value.Split('|'))
            _selectors.Add((metric, compared));
    }
}

using System.Text.Json;
using System.Text.RegularExpressions;
using Json.Schema;

namespace ModelRunner.Repository.Tests;

/// <summary>The dashboard is one that Grafana can load. The end-to-end tests ask its queries in a real Prometheus.</summary>
public sealed class DashboardTests
{
    private static readonly JsonElement Dashboard = Parse("deploy/grafana/model-runner.json");

    private static JsonElement[] Panels => [.. Dashboard.GetProperty("panels").EnumerateArray()];

    private static JsonElement[] DataPanels => [.. Panels.Where(static panel => TypeOf(panel) != "row")];

    [Fact]
    public void It_has_only_members_and_values_that_Grafanas_own_types_allow()
    {
        JsonSchema schema = JsonSchema.FromText(RepositoryTree.Get("test/ModelRunner.Repository.Tests/Grafana/dashboard.schema.json").Text);

        EvaluationResults results = schema.Evaluate(Dashboard, new EvaluationOptions { OutputFormat = OutputFormat.List });
        JsonElement wrong = Parse("deploy/grafana/model-runner.json", static text => text.Replace("\"legendFormat\"", "\"legend\"", StringComparison.Ordinal));

        Assert.True(results.IsValid, string.Join('\n', (results.Details ?? []).Where(static detail => detail.Errors is { Count: > 0 })
            .Select(static detail => $"{detail.InstanceLocation}: {string.Join("; ", detail.Errors!.Values)}")));
        Assert.False(schema.Evaluate(wrong).IsValid);
    }

    [Fact]
    public void Panels_have_numbers_of_their_own_titles_and_descriptions()
    {
        Assert.NotEmpty(DataPanels);
        Assert.Equal(Panels.Length, Panels.Select(static panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(Panels.Length, Panels.Select(static panel => panel.GetProperty("title").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(DataPanels, static panel => Assert.EndsWith(".", panel.GetProperty("description").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Panels_do_not_overlap_and_fit_into_the_width()
    {
        var cells = new HashSet<(int X, int Y)>();
        foreach (JsonElement place in Panels.Select(static panel => panel.GetProperty("gridPos")))
        {
            (int x, int y, int w, int h) = (Number(place, "x"), Number(place, "y"), Number(place, "w"), Number(place, "h"));
            Assert.InRange(x + w, 1, 24);
            foreach (int column in Enumerable.Range(x, w))
                foreach (int line in Enumerable.Range(y, h))
                    Assert.True(cells.Add((column, line)), $"Two panels are at {column}, {line}.");
        }
    }

    [Fact]
    public void Every_query_goes_to_the_chosen_source_and_uses_the_chosen_job_instance_and_model()
    {
        string[] names = [.. Dashboard.GetProperty("templating").GetProperty("list").EnumerateArray().Select(static variable => variable.GetProperty("name").GetString()!)];
        JsonElement[] targets = [.. DataPanels.SelectMany(static panel => panel.GetProperty("targets").EnumerateArray())];

        Assert.Equal(["datasource", "job", "instance", "model"], names);
        Assert.All(DataPanels.Concat(targets), static part => Assert.Equal("${datasource}", part.GetProperty("datasource").GetProperty("uid").GetString()));
        Assert.All(targets.Select(static target => target.GetProperty("expr").GetString()!), static expression =>
        {
            Assert.Contains("job=~\"$job\", instance=~\"$instance\"", expression, StringComparison.Ordinal);
            Assert.Empty(Regex.Matches(expression, @"\$(?!(job|instance|model|__rate_interval|__range)\b)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)));
        });
    }

    private static int Number(JsonElement place, string name) => place.GetProperty(name).GetInt32();

    private static string? TypeOf(JsonElement panel) => panel.GetProperty("type").GetString();

    private static JsonElement Parse(string path, Func<string, string>? change = null)
    {
        string text = RepositoryTree.Get(path).Text;
        using var document = JsonDocument.Parse(change is null ? text : change(text));
        return document.RootElement.Clone();
    }
}

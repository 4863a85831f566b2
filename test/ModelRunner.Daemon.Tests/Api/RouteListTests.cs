using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The list of <c>GET /</c>, with the routes of a real daemon.</summary>
public sealed class RouteListTests
{
    [Fact]
    public async Task The_list_of_a_daemon_has_exactly_the_routes_of_the_document()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        string list = await daemon.Client.GetStringAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);

        string[] listed = [.. ReadList(list).Order(StringComparer.Ordinal)];
        Assert.Equal(ReadDocument().Append("POST /tokenize").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), listed);
        Assert.Contains("(only with a server that has them)", list, StringComparison.Ordinal);
        Assert.All(list.Split('\n'), static line => Assert.InRange(line.Length, 0, 160));
    }

    [Fact]
    public async Task A_daemon_without_metrics_lists_no_page()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Arguments = ["--disable-metrics"] });

        string list = await daemon.Client.GetStringAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("GET /metrics", ReadList(list));
        Assert.Contains("GET /usage", ReadList(list));
    }

    // Lines such as "GET    /v1/models  /v1/models/NAME".
    private static IEnumerable<string> ReadList(string text) => text.Split('\n')
        .Select(static line => line.Split('(')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(static words => words is ["GET" or "POST" or "DELETE", ['/', ..], ..])
        .SelectMany(static words => words[1..].Select(path => $"{words[0]} {path}"));

    // The first cell of each row has its routes in code quotes: with a method, or without one where the head of the table has it.
    private static IEnumerable<string> ReadDocument()
    {
        string method = "";
        foreach (string line in File.ReadLines(Path.Join(Repository.Root, "docs", "api.md")))
        {
            if (line.StartsWith("| Route (POST)", StringComparison.Ordinal))
                method = "POST ";
            else if (!line.StartsWith('|'))
                method = "";
            if (!line.StartsWith("| `", StringComparison.Ordinal))
                continue;
            foreach (string code in line.Split('|')[1].Split('`').Where(static (_, index) => index % 2 == 1))
            {
                string route = (code.StartsWith('/') ? method + code : code).Split('?')[0];
                if (route.Split(' ') is ["GET" or "POST" or "DELETE", ['/', _, ..]])
                    yield return route;
            }
        }

        // The row of POST names the other methods in its text.
        yield return "GET /engines/_configure";
        yield return "DELETE /engines/_configure";
    }
}

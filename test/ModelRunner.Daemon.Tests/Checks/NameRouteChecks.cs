using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>
/// Check 38 on all routes: those that <c>GET /</c> lists, so a new one is part of it. Each gets the name in its path, in its query and in its body.
/// </summary>
public sealed class NameRouteChecks
{
    private const string Proxy = "http://127.0.0.1:9";
    private const string Secret = "secret-outside-of-the-store";

    /// <summary>Routes that take no name and ignore one.</summary>
    private static readonly string[] Open =
    [
        "GET /version", "GET /health", "GET /metrics", "GET /models", "GET /v1/models", "GET /engines/ps", "GET /engines/status", "GET /engines/df", "GET /engines/problems",
        "GET /engines/_configure", "GET /usage", "DELETE /models/purge",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_38_No_name_on_any_route_opens_a_file_outside()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder, Environment = Unreachable });
        string model = folder.PathOf("outside.gguf");
        File.Copy(Path.Join(folder.Path, "models", "tiny-chat.gguf"), model);
        string text = folder.Write("outside", Secret);
        byte[] before = await File.ReadAllBytesAsync(model, Cancellation);
        IReadOnlyList<string> names = HostileNames.In(folder);
        (string Method, string Path)[] routes = await ListAsync(daemon);
        Assert.Contains(("DELETE", "/models/NAME"), routes);
        Assert.Contains(("POST", "/models/NAME/tag"), routes);
        using var watch = new FileWatch(model, text);

        int requests = 0, refused = 0;
        var problems = new List<string>();
        foreach ((string method, string path) in routes)
        {
            foreach (string name in names)
            {
                (int status, string answer) = await SendAsync(daemon, method, path.Replace("NAME", Uri.EscapeDataString(name), StringComparison.Ordinal), name);
                requests++;
                refused += status is >= 400 and < 500 ? 1 : 0;
                bool isLookup = status == 502 && answer.Contains($"through the proxy {Proxy}", StringComparison.Ordinal);
                if (status is < 400 or >= 500 && !isLookup && !Open.Contains($"{method} {path}", StringComparer.Ordinal))
                    problems.Add($"{method} {path} with {name}: {status} {answer}");
                if (answer.Contains(Secret, StringComparison.Ordinal))
                    problems.Add($"{method} {path} shows the file with {name}");
                if (watch.Read() is { Count: > 0 } events)
                    problems.Add($"{method} {path} opened a file with {name}: {string.Join(", ", events)}");
            }
        }

        Figures.Print($"{names.Count} names, {routes.Length} routes, {requests} requests, {refused} refused, {problems.Count} problems");
        Assert.True(problems.Count == 0, string.Join('\n', problems.DistinctBy(static problem => problem.Split(" with ")[0])));
        Assert.Equal(before, await File.ReadAllBytesAsync(model, Cancellation));
        Assert.NotEmpty(watch.Read());
        Assert.False(File.Exists(folder.PathOf("touched")));
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    // A name that is valid, such as sha256-000, is looked up at a registry. Nothing listens at this port.
    private static IReadOnlyDictionary<string, string?> Unreachable { get; } = new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["HTTPS_PROXY"] = Proxy, ["HTTP_PROXY"] = Proxy,
    };

    private static async Task<(string Method, string Path)[]> ListAsync(DaemonFixture daemon)
    {
        string list = await daemon.Client.GetStringAsync(new Uri("/", UriKind.Relative), Cancellation);
        return
        [
            .. Regex.Matches(list, "(?m)^(GET|POST|PUT|PATCH|DELETE) +(/[^(\n]*)").SelectMany(static line =>
                Regex.Matches(line.Groups[2].Value, "/[^ ]*").Select(path => (line.Groups[1].Value, path.Value))).Distinct(),
        ];
    }

    private static async Task<(int Status, string Answer)> SendAsync(DaemonFixture daemon, string method, string path, string name)
    {
        string quoted = JsonSerializer.Serialize(name);
        string escaped = Uri.EscapeDataString(name);
        using var request = new HttpRequestMessage(
            new HttpMethod(method), new Uri($"{path}?model={escaped}&name={escaped}&repo={escaped}&tag={escaped}&remote=true", UriKind.Relative));
        if (method != "GET")
        {
            request.Content = new StringContent(
                $$"""{"model":{{quoted}},"models":[{{quoted}}],"from":{{quoted}},"target":{{quoted}},"messages":[],"input":"x","content":"x","prompt":"x","query":"x","documents":["x"]}""",
                Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }
}

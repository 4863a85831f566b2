using System.Net;
using System.Text;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>
/// The daemon of these tests, with two attached runners. A responds as a test says, B is healthy. Whatever A does, the page is valid and
/// contains B. Nothing is shared between scrapes, so each sees the current response of A.
/// </summary>
public sealed class CaseDaemon : IAsyncLifetime
{
    public const string LabelsOfA = "backend=\"llama.cpp\",model=\"lab/otter:7b\",mode=\"completion\"";
    public const string LabelsOfB = "backend=\"llama.cpp\",model=\"lab/finch:embed\",mode=\"embedding\"";
    public const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private const string HealthyBody = "# HELP rt:units_total Units done\n# TYPE rt:units_total counter\nrt:units_total 5\n";
    private const string HealthySample = $"rt:units_total{{{LabelsOfB}}} 5";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal RawRunner A { get; private set; } = null!;

    internal RawRunner B { get; private set; } = null!;

    internal DaemonFixture Daemon { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        A = RawRunner.WithPage(1, "");
        B = RawRunner.WithPage(2, HealthyBody);
        Daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "metrics": { "minInterval": "0s", "timeout": "60s" }, "limits": { "memory": "1GiB" }, "runners": [
                  { "backend": "llama.cpp", "model": "lab/otter:7b", "mode": "completion", "endpoint": "unix:{{A.SocketPath}}" },
                  { "backend": "llama.cpp", "model": "lab/finch:embed", "mode": "embedding", "endpoint": "unix:{{B.SocketPath}}" } ] }
                """,
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Daemon.DisposeAsync();
        await A.DisposeAsync();
        await B.DisposeAsync();
    }

    /// <summary>Scrapes while A responds with these bytes.</summary>
    internal async Task<string> PageAsync(byte[] answer)
    {
        A.Answer = (stream, _) => RawRunner.WriteAsync(stream, answer);
        return await PageAsync();
    }

    /// <summary>Scrapes while A responds with this page.</summary>
    internal Task<string> PageWithAsync(string body) => PageAsync(RawRunner.Page(body));

    /// <summary>Scrapes as a client without an Accept header, and checks the rules for each page.</summary>
    internal async Task<string> PageAsync()
    {
        using HttpResponseMessage response = await GetAsync();
        byte[] page = await response.Content.ReadAsByteArrayAsync(Cancellation);

        Assert.Equal(TextType, response.Content.Headers.NonValidated["Content-Type"].ToString());
        PageRules.Check(page);
        string text = Encoding.UTF8.GetString(page);
        Assert.Contains($"\n{HealthySample}\n", text, StringComparison.Ordinal);
        Assert.Contains($"\nmodel_runner_up{{{LabelsOfB}}} 1\n", text, StringComparison.Ordinal);
        return text;
    }

    /// <summary>Scrapes and returns the body of the response, whose status must be 200.</summary>
    internal async Task<HttpResponseMessage> GetAsync(params (string Name, string Value)[] headers)
    {
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, "metrics", headers);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    internal async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Daemon.Client.SendAsync(request, Cancellation);
    }

    /// <summary>The samples of a page that are neither the daemon's own nor B's.</summary>
    internal static string[] SamplesOfA(string page) =>
    [
        .. page.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line =>
            !line.StartsWith('#') && !line.StartsWith("model_runner_", StringComparison.Ordinal) && line != HealthySample),
    ];

    /// <summary>Why A is not on a page; null if it is.</summary>
    internal static string? DownOfA(string page)
    {
        string name = $"model_runner_down_info{{{LabelsOfA},reason=\"";
        string? down = page.Split('\n').SingleOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        Assert.Contains($"\nmodel_runner_up{{{LabelsOfA}}} {(down is null ? 1 : 0)}\n", page, StringComparison.Ordinal);
        return down?[name.Length..down.IndexOf('"', name.Length)];
    }
}

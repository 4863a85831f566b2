using System.Net;
using ModelRunner.Daemon.Tests.Stubs;
using ModelRunner.Daemon.Tests.Support;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reports of people who run such pages, as small cases against the whole daemon.</summary>
public sealed class MetricsCases
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SIZ_01_Unknown_models_make_no_series()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string[] before = await SeriesAsync(daemon);

        for (int i = 0; i < 500; i++)
            Assert.Equal(404, (await daemon.PostAsync("v1/chat/completions", $$"""{"model":"unknown-{{i}}","messages":[]}""")).Status);

        Assert.Equal(before, await SeriesAsync(daemon));
    }

    [Fact]
    public async Task SIZ_06_Odd_paths_and_methods_make_no_series()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string[] before = await SeriesAsync(daemon);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using var request = new HttpRequestMessage(new HttpMethod(i % 2 == 0 ? "GETT" : "POST"), $"metricsls/{i}");
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }));

        Assert.Equal(before, await SeriesAsync(daemon));
    }

    [Theory]
    [InlineData("pl_PL.UTF-8")]
    [InlineData("ar_SA.UTF-8")]
    public async Task EXP_20_Numbers_have_a_point_whatever_the_machine_speaks(string language)
    {
        await using StubProcess stub = await StubProcess.StartAsync(null, "--alias", "m:latest");
        await stub.SetMetricsAsync("rt:s 4.25\nrt:big 1.7976931348623157e+308\n");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "runners": [ { "backend": "llama.cpp", "model": "m", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" } ] }
                """,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LANG"] = language, ["LC_ALL"] = language },
        });

        string page = await PageAsync(daemon);

        Assert.Contains("rt:s{backend=\"llama.cpp\",model=\"m:latest\",mode=\"completion\"} 4.25\n", page, StringComparison.Ordinal);
        Assert.Contains("rt:big{backend=\"llama.cpp\",model=\"m:latest\",mode=\"completion\"} 1.7976931348623157e+308\n", page, StringComparison.Ordinal);
        Assert.Matches("model_runner_process_cpu_seconds_total [0-9]+\\.[0-9]+\n", page);
    }

    private static Task<string> PageAsync(DaemonFixture daemon) =>
        daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static async Task<string[]> SeriesAsync(DaemonFixture daemon) =>
    [
        .. (await PageAsync(daemon)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(static line => !line.StartsWith('#'))
            .Select(static line => line[..line.LastIndexOf(' ')]),
    ];
}

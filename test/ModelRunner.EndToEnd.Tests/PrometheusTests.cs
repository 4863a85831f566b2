using System.Text;
using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests;

/// <summary>The page of a daemon with real models before its readers.</summary>
public sealed class PrometheusTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_real_Prometheus_is_up_and_has_the_series_of_both_models()
    {
        await using DaemonFixture daemon = await StartWithRunnersAsync();
        await using Prometheus prometheus = await Prometheus.StartAsync(daemon.TcpAddress, Cancellation);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(DaemonFixture.Patience);

        JsonElement[] tokens = await prometheus.QueryAsync("llamacpp:prompt_tokens_total", static result => result.Length == 2, patience.Token);
        JsonElement[] up = await prometheus.QueryAsync("up", static result => result.Length == 1 && Value(result[0]) == "1", patience.Token);

        Assert.Single(up);
        Assert.Equal(
            ["llama.cpp tiny-chat:latest completion", "llama.cpp tiny-embed:latest embedding"],
            tokens.Select(static series => series.GetProperty("metric")).Select(Describe).Order(StringComparer.Ordinal));
        Assert.All(tokens, static series => Assert.NotEqual("0", Value(series)));
    }

    [Fact]
    public async Task Promtool_reads_the_page_and_finds_no_fault_with_our_own_families()
    {
        string promtool = ExternalTool.Require("promtool");
        await using DaemonFixture daemon = await StartWithRunnersAsync();
        byte[] page = await daemon.Client.GetByteArrayAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        (int exitCode, string output, string error) = await ChildProgram.RunAsync(promtool, ["check", "metrics"], page, Cancellation);

        // 3: it read the page and dislikes names, which llama.cpp chose.
        Assert.True(exitCode is 0 or 3, error);
        Assert.DoesNotContain("error while linting", output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_", output + error, StringComparison.Ordinal);
        Assert.Contains("\nmodel_runner_build_info{", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
    }

    private static async Task<DaemonFixture> StartWithRunnersAsync()
    {
        DaemonFixture daemon = await DemoDaemon.StartAsync(llamaServer: null);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[{"role":"user","content":"Hi"}],"max_tokens":4}""")).Status);
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"Hi"}""")).Status);
        return daemon;
    }

    private static string? Value(JsonElement series) => series.GetProperty("value")[1].GetString();

    private static string Describe(JsonElement labels) =>
        $"{labels.GetProperty("backend")} {labels.GetProperty("model")} {labels.GetProperty("mode")}";
}

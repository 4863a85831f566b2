using System.Text;
using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Metrics.CaseDaemon;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reports about pages of runners, as cases against the whole daemon.</summary>
public sealed class ExpositionCases(CaseDaemon bed) : IClassFixture<CaseDaemon>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EXP_06_A_runner_whose_page_is_a_JSON_string_is_down_and_says_why()
    {
        string page = await bed.PageWithAsync("\"# TYPE rt:u counter\\nrt:u 3\\n\"");

        Assert.Empty(SamplesOfA(page));
        Assert.Equal("parse", DownOfA(page));
    }

    [Theory]
    [InlineData("-nan")]
    [InlineData("-nan(ind)")]
    public async Task EXP_07_A_ratio_that_is_NaN_is_NaN_on_the_page(string value)
    {
        string page = await bed.PageWithAsync($"rt:ratio {value}\nrt:units_total 4\n");

        Assert.Equal([$"rt:ratio{{{LabelsOfA}}} NaN", $"rt:units_total{{{LabelsOfA}}} 4"], SamplesOfA(page));
    }

    [Theory]
    [InlineData("lab/ot\\\"ter", "lab/ot\\\"ter:latest")]
    [InlineData("D:\\\\zoo\\\\new", "d:\\\\zoo\\\\new")]
    [InlineData("lab/otter } 1 # {x=", "lab/otter } 1 # {x=:latest")]
    public async Task EXP_12_A_model_can_have_any_name(string written, string shown)
    {
        await using StubProcess stub = await StubProcess.StartAsync(null, "--alias", "m");
        await stub.SetMetricsAsync("rt:u 4\n");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "runners": [ { "backend": "llama.cpp", "model": "{{written}}", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" } ] }
                """,
        });

        byte[] page = await daemon.Client.GetByteArrayAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        PageRules.Check(page);
        Assert.Contains($"\nrt:u{{backend=\"llama.cpp\",model=\"{shown}\",mode=\"completion\"}} 4\n", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EXP_12_A_name_with_a_line_feed_is_refused_at_start()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Configuration = """
                { "runners": [ { "backend": "llama.cpp", "model": "lab/otter\nfake_total 99", "mode": "completion", "endpoint": "http://127.0.0.1:1" } ] }
                """,
        });

        Assert.Equal(2, exitCode);
        Assert.Contains("holds control characters", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EXP_16_A_dropped_line_is_counted_on_the_next_page()
    {
        const string Body = "rt:good 1\nrt:bad\nrt:good2 2\n";
        long before = DroppedOfA(await bed.PageWithAsync(Body));
        string page = await bed.PageWithAsync(Body);

        Assert.Equal([$"rt:good{{{LabelsOfA}}} 1", $"rt:good2{{{LabelsOfA}}} 2"], SamplesOfA(page));
        Assert.Null(DownOfA(page));
        Assert.Equal(before + 1, DroppedOfA(page));
    }

    [Fact]
    public async Task EXP_21_Colons_are_for_runners_and_not_for_the_daemon_s_own_names()
    {
        string page = await bed.PageWithAsync("llmrt:step_total 3\n");

        Assert.Equal([$"llmrt:step_total{{{LabelsOfA}}} 3"], SamplesOfA(page));
        Assert.All(
            page.Split('\n').Where(static line => line.StartsWith("model_runner_", StringComparison.Ordinal)),
            static line => Assert.DoesNotContain(':', line.Split('{', ' ')[0]));
    }

    private static long DroppedOfA(string page)
    {
        string name = $"model_runner_scrape_lines_dropped_total{{{LabelsOfA},reason=\"invalid_value\"}} ";
        string? line = page.Split('\n').SingleOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[name.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }
}

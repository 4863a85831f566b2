using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Metrics.CaseDaemon;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reports about conflicting labels, as cases against the whole daemon.</summary>
public sealed class LabelCases(CaseDaemon bed) : IClassFixture<CaseDaemon>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LBL_01_Labels_of_the_daemon_are_kept_and_those_of_the_runner_are_renamed()
    {
        string page = await bed.PageWithAsync("rt:u{model=\"own-name\",mode=\"x\"} 4\n");

        Assert.Equal([$"rt:u{{{LabelsOfA},exported_model=\"own-name\",exported_mode=\"x\"}} 4"], SamplesOfA(page));
    }

    [Fact]
    public async Task LBL_06_Two_runners_with_the_same_labels_are_refused_at_start_and_shown_apart_with_a_replica()
    {
        await using RawRunner one = RawRunner.WithPage(1, "rt:u 4\n");
        await using RawRunner two = RawRunner.WithPage(2, "rt:u 9\n");
        string Configuration(string first, string second) => $$"""
            { "runners": [
              { "backend": "llama.cpp", "model": "lab/otter:7b", "mode": "completion", "endpoint": "unix:{{one.SocketPath}}" {{first}} },
              { "backend": "llama.cpp", "model": "lab/otter:7b", "mode": "completion", "endpoint": "unix:{{two.SocketPath}}" {{second}} } ] }
            """;

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Configuration = Configuration("", "") });
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = Configuration(""", "replica": "one" """, """, "replica": "two" """),
        });
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.Equal(2, exitCode);
        Assert.Contains("give each of them a replica of its own", error, StringComparison.Ordinal);
        Assert.Equal([$"rt:u{{{LabelsOfA},replica=\"one\"}} 4", $"rt:u{{{LabelsOfA},replica=\"two\"}} 9"], SamplesOfA(page));
    }

    [Fact]
    public async Task LBL_07_All_names_of_a_model_use_one_runner_with_one_name()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string[] listed = [.. (await daemon.GetAsync("models")).EnumerateArray().Select(static model => model.GetProperty("tags")[0].GetString()!)];

        foreach (string name in (string[])["tiny-chat", "Tiny-Chat:latest", "ai/tiny-chat", "docker.io/ai/tiny-chat:latest", listed[0]])
        {
            (int status, _) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"{{name}}","messages":[]}""");
            string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

            Assert.True(status == 200, $"{name}: {status}");
            Assert.Equal("tiny-chat:latest", listed[0]);
            Assert.Equal("tiny-chat:latest", Assert.Single(await daemon.RunnersAsync()).GetProperty("model_name").GetString());
            string[] samples = SamplesOfA(page);
            Assert.NotEmpty(samples);
            Assert.All(samples, static line => Assert.Contains("{backend=\"llama.cpp\",model=\"tiny-chat:latest\",mode=\"completion\"", line, StringComparison.Ordinal));
        }

        // A digest is not a model name here, so it starts no runner.
        (int refused, _) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"sha256:{{new string('a', 64)}}","messages":[]}""");
        Assert.Equal(404, refused);
        Assert.Single(await daemon.RunnersAsync());
    }
}

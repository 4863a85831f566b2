using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>The files of <c>deploy/prometheus</c> before promtool, Prometheus and nginx.</summary>
public sealed class DeployedFileTests
{
    private const string Key = "a-key-of-the-test";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("check", "rules", "model-runner.rules.yml")]
    [InlineData("test", "rules", "model-runner.rules.test.yml")]
    [InlineData("check", "config", "prometheus.yml")]
    public async Task Promtool_accepts_the_files_and_the_tests_of_the_rules_pass(string verb, string kind, string file)
    {
        (int exitCode, string output, string error) = await ChildProgram.RunAsync(
            ExternalTool.Require("promtool"), [verb, kind, Path.Join(ShippedFile.Folder, file)], [], Cancellation);

        Assert.True(exitCode == 0, output + error);
        Assert.Contains("SUCCESS", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_alert_is_tested_for_firing_and_for_silence()
    {
        string[] alerts = [.. Lines("model-runner.rules.yml", "- alert: ").Distinct(StringComparer.Ordinal)];
        string tests = File.ReadAllText(Path.Join(ShippedFile.Folder, "model-runner.rules.test.yml"));

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"- alertname: {alert}\n", tests, StringComparison.Ordinal));
        Assert.All(alerts, alert => Assert.Matches($"- {{ alertname: {alert}, eval_time: [0-9a-z]+, exp_alerts: \\[\\] }}", tests));
    }

    [Fact]
    public void The_document_lists_each_alert_with_its_severity()
    {
        IEnumerable<string> alerts = Lines("model-runner.rules.yml", "- alert: ").Zip(
            Lines("model-runner.rules.yml", "severity: "), static (alert, severity) => $"| `{alert}` | {severity}");
        IEnumerable<string> rows = Lines("../README.md", "| `ModelRunner").Select(static row => row.Split(" | ")).Select(static cells => $"| `ModelRunner{cells[0]} | {cells[1]}");

        Assert.Equal(alerts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_daemon_with_a_key_is_scraped_with_the_configuration_that_has_one()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(llamaServer: null, new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_API_KEY"] = Key },
        });
        using var folder = new TemporaryFolder();
        string configuration = ShippedFile.Read("prometheus-key.yml",
            ("\"localhost:8080\"", $"\"{daemon.TcpAddress.Authority}\""), ("interval: 15s", "interval: 1s"),
            ("- model-runner.rules.yml", $"- {ShippedFile.Folder}/model-runner.rules.yml"),
            ("/etc/prometheus/model-runner.key", folder.Write("model-runner.key", Key + "\n")));

        await using PrometheusProcess prometheus = await PrometheusProcess.StartAsync(configuration, Cancellation);

        await DaemonFixture.WaitUntilAsync(() => IsTheOnlyTargetUpAsync(prometheus), DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_daemon_with_TLS_and_a_key_is_scraped_with_a_client_certificate()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder);
        using X509Certificate2 client = authority.Client("prometheus");
        (string certificate, string key) = authority.Write(client, "prometheus");
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(llamaServer: null, new DaemonSetup
        {
            Arguments = ["--tls-auto", "--tls-metrics-clients", authority.AuthorityPath],
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_API_KEY"] = Key, ["MODEL_RUNNER_STATE"] = folder.PathOf("state"),
            },
        });
        string configuration = ShippedFile.Read("prometheus-tls.yml",
            ("\"localhost:8080\"", $"\"{daemon.TcpAddress.Authority}\""), ("interval: 15s", "interval: 1s"),
            ("- model-runner.rules.yml", $"- {ShippedFile.Folder}/model-runner.rules.yml"),
            ("/etc/prometheus/model-runner-ca.pem", folder.PathOf("state/tls/authority.pem")),
            ("/etc/prometheus/model-runner-client.pem", certificate), ("/etc/prometheus/model-runner-client.key", key));

        await using PrometheusProcess prometheus = await PrometheusProcess.StartAsync(configuration, Cancellation);

        await DaemonFixture.WaitUntilAsync(() => IsTheOnlyTargetUpAsync(prometheus), DaemonFixture.Patience);
    }

    [Fact]
    public async Task Nginx_shows_the_page_of_a_socket_and_nothing_else()
    {
        string nginx = ExternalTool.RequireNamedBy("NGINX_PATH");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var folder = new TemporaryFolder();
        string configuration = folder.Write("nginx.conf", ShippedFile.Read("nginx-socket.conf",
            ("listen 127.0.0.1:9120;", "listen unix:nginx.sock;"), ("/run/model-runner/model-runner.sock", daemon.SocketPath)));
        await using NginxProcess proxy = await NginxProcess.StartAsync(nginx, folder.Path, configuration);

        string page = await proxy.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        using HttpResponseMessage models = await proxy.Client.GetAsync(new Uri("v1/models", UriKind.Relative), Cancellation);
        using HttpResponseMessage post = await proxy.Client.PostAsync(new Uri("metrics", UriKind.Relative), null, Cancellation);

        Assert.Contains("\nmodel_runner_build_info{", page, StringComparison.Ordinal);
        Assert.Equal((404, 403), ((int)models.StatusCode, (int)post.StatusCode));
    }

    private static async Task<bool> IsTheOnlyTargetUpAsync(PrometheusProcess prometheus)
    {
        JsonElement targets = (await prometheus.GetAsync("api/v1/targets", Cancellation)).GetProperty("activeTargets");
        string?[] health = [.. targets.EnumerateArray().Select(static target => target.GetProperty("health").GetString())];
        Assert.DoesNotContain("down", health);
        return health is ["up"];
    }

    private static IEnumerable<string> Lines(string file, string beginning) => File.ReadLines(Path.Join(ShippedFile.Folder, file))
        .Select(static line => line.Trim()).Where(line => line.StartsWith(beginning, StringComparison.Ordinal)).Select(line => line[beginning.Length..]);
}

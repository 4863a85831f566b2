using ModelRunner.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>One server that is attached more than once.</summary>
public sealed class SharedEndpointTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://127.0.0.1:9001", "http://localhost:9001/", true)]
    [InlineData("http://127.0.0.1:9001", "http://LOCALHOST.:9001", true)]
    [InlineData("http://127.0.0.1:9001", "http://127.1:9001", true)]
    [InlineData("http://127.0.0.1:9001", "http://[::1]:9001", true)]
    [InlineData("http://127.0.0.1:9001", "http://[::ffff:127.0.0.1]:9001", true)]
    [InlineData("http://Host.example:80", "http://host.example", true)]
    [InlineData("http://127.0.0.1:9001", "http://127.0.0.2:9001", false)]
    [InlineData("http://127.0.0.1:9001", "http://127.0.0.1:9002", false)]
    [InlineData("http://host.example/a", "http://host.example/b", false)]
    public void Other_spellings_of_an_address_are_recognised(string one, string other, bool isShared)
    {
        var shared = new SharedEndpoints([At("a", new Uri(one)), At("b", new Uri(other))]);

        Assert.Equal(isShared ? 1 : 0, shared.Warnings.Count);
    }

    [Fact]
    public void A_socket_behind_links_is_recognised()
    {
        using var folder = new TemporaryFolder();
        string real = Directory.CreateDirectory(Path.Join(folder.Path, "real")).FullName;
        File.CreateSymbolicLink(Path.Join(folder.Path, "link.sock"), Path.Join("real", "r.sock"));
        Directory.CreateSymbolicLink(Path.Join(folder.Path, "folder"), real);
        File.CreateSymbolicLink(Path.Join(folder.Path, "round.sock"), Path.Join(folder.Path, "round.sock"));

        var shared = new SharedEndpoints(
        [
            At("a", Path.Join(real, "r.sock")), At("b", Path.Join(folder.Path, "link.sock")), At("c", Path.Join(folder.Path, "folder", "r.sock")),
            At("d", Path.Join(real, "other.sock")), At("e", Path.Join(folder.Path, "round.sock")),
        ]);

        string warning = Assert.Single(shared.Warnings);
        Assert.Contains("a:latest (vllm, completion) and b:latest (vllm, completion) and c:latest (vllm, completion)", warning, StringComparison.Ordinal);
        Assert.Contains("3 times", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_attached_twice_is_reported_at_start_and_on_the_page()
    {
        await using RawRunner twice = RawRunner.WithPage(1, "x 1\n");
        await using RawRunner once = RawRunner.WithPage(2, "x 1\n");
        using var folder = new TemporaryFolder();
        string link = Path.Join(folder.Path, "l.sock");
        File.CreateSymbolicLink(link, twice.SocketPath);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "runners": [
                  { "backend": "vllm", "model": "a", "mode": "completion", "endpoint": "unix:{{twice.SocketPath}}" },
                  { "backend": "vllm", "model": "b", "mode": "embedding", "endpoint": "unix:{{link}}" },
                  { "backend": "vllm", "model": "c", "mode": "completion", "endpoint": "unix:{{once.SocketPath}}" } ] }
                """,
        });

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        string[] lines = [.. page.Split('\n').Where(static line => line.StartsWith("model_runner_shared_endpoint{", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "model_runner_shared_endpoint{backend=\"vllm\",model=\"a:latest\",mode=\"completion\"} 2",
                "model_runner_shared_endpoint{backend=\"vllm\",model=\"b:latest\",mode=\"embedding\"} 2",
            ],
            lines);
        await daemon.WaitForLogAsync("a:latest (vllm, completion) and b:latest (vllm, embedding) are the same server");
    }

    private static AttachedRunnerSettings At(string model, Uri address) =>
        new("vllm", model + ":latest", RunnerMode.Completion, SocketPath: null, address, Replica: null);

    private static AttachedRunnerSettings At(string model, string path) =>
        new("vllm", model + ":latest", RunnerMode.Completion, path, Address: null, Replica: null);
}

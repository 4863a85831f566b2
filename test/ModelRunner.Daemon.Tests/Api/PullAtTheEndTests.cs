using System.Text;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The daemon ends while it pulls.</summary>
public sealed class PullAtTheEndTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pull_that_is_cut_by_the_end_of_the_daemon_says_so_and_logs_no_internal_error()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[600_000]]);
        await model.PushAsync(registry, Token);
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 3; i++)
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
            using HttpResponseMessage response = await daemon.SendAsync(
                "models/create", $$"""{"from":"{{registry.Host}}/{{model.Repository}}","limit":"32KiB/s"}""", HttpCompletionOption.ResponseHeadersRead, Token);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token), Encoding.UTF8);
            Assert.Contains("progress", await lines.ReadLineAsync(Token), StringComparison.Ordinal);

            Assert.Equal(0, await daemon.EndAsync());

            Assert.Contains("the daemon ends", await lines.ReadToEndAsync(Token), StringComparison.Ordinal);
            Assert.DoesNotContain(" ERROR ", daemon.Log, StringComparison.Ordinal);
        }
    }
}

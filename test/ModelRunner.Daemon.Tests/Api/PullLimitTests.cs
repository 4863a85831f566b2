using System.Text;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Clients of one pull with limits of their own, and what they are told.</summary>
public sealed class PullLimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, null, 1_000_000L, false, null)]
    [InlineData(2_000_000L, 2_000_000L, null, false, null)]
    [InlineData(2_000_000L, 2_000_000L, 2_000_000L, false, null)]
    [InlineData(2_000_000L, 2_000_000L, null, true, "Limit: 2.00 MB/s, which is yours")]
    [InlineData(2_000_000L, null, null, false, "Limit: none, because another client without one follows this pull too; yours is 2.00 MB/s")]
    [InlineData(2_000_000L, 3_000_000L, null, false, "Limit: 3.00 MB/s, because another client with it follows this pull too; yours is 2.00 MB/s")]
    [InlineData(2_000_000L, null, 1_000_000L, false, "Limit: 1.00 MB/s for all pulls together (pull.limit), which is less than yours of 2.00 MB/s")]
    [InlineData(200_000L, null, 300_000L, false,
        "Limit: 300.00 kB/s for all pulls together (pull.limit), because another client with a larger one, or without one, follows this pull too; yours is 200.00 kB/s")]
    [InlineData(2_000_000L, 5_000_000L, 3_000_000L, false,
        "Limit: 3.00 MB/s for all pulls together (pull.limit), because another client with a larger one, or without one, follows this pull too; yours is 2.00 MB/s")]
    [InlineData(2_000_000L, 3_000_000L, 5_000_000L, false, "Limit: 3.00 MB/s, because another client with it follows this pull too; yours is 2.00 MB/s")]
    [InlineData(2_000_000L, 3_000_000L, 3_000_000L, false, "Limit: 3.00 MB/s, because another client with it follows this pull too; yours is 2.00 MB/s")]
    [InlineData(2_000_000L, null, 2_000_000L, false, null)]
    [InlineData(2_000_000L, 5_000_000L, 2_000_000L, true, "Limit: 2.00 MB/s, which is yours")]
    [InlineData(2_000_000L, 2_000_000L, 3_000_000L, true, "Limit: 2.00 MB/s, which is yours")]
    public void A_client_is_told_which_other_limit_holds(long? own, long? pull, long? all, bool wasTold, string? expected) =>
        Assert.Equal(expected, PullLimitText.Describe(own, pull, all, wasTold));

    [Fact]
    public async Task The_limit_of_a_request_holds_until_a_client_with_a_larger_one_follows_the_pull()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[600_000]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string name = $"{registry.Host}/{model.Repository}";

        // It would take more than half a minute.
        using HttpResponseMessage first = await daemon.SendAsync(
            "models/create", $$"""{"from":"{{name}}","limit":"16KiB/s"}""", HttpCompletionOption.ResponseHeadersRead, Token);
        using var lines = new StreamReader(await first.Content.ReadAsStreamAsync(Token), Encoding.UTF8);
        Assert.Contains("progress", await lines.ReadLineAsync(Token), StringComparison.Ordinal);
        using HttpResponseMessage second = await daemon.SendAsync(
            "models/create", $$"""{"from":"{{name}}","limit":"17KiB/s"}""", HttpCompletionOption.ResponseHeadersRead, Token);

        string? line;
        do
            line = await lines.ReadLineAsync(Token);
        while (line is not null && !line.Contains("Limit:", StringComparison.Ordinal));
        Assert.Contains("Limit: 17.41 kB/s, because another client with it follows this pull too; yours is 16.38 kB/s", line, StringComparison.Ordinal);

        await daemon.PullAsync(name);
        foreach (string rest in (string[])[await lines.ReadToEndAsync(Token), await second.Content.ReadAsStringAsync(Token)])
            Assert.Contains("Model pulled successfully", rest, StringComparison.Ordinal);
    }
}

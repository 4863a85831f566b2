using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 35: twenty streams at the end of the daemon.</summary>
[Collection(CheckGroup.Name)]
public sealed class DrainChecks
{
    private const int ShortStreams = 14;
    private const int LongStreams = 6;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(4);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_35_Short_streams_end_well_and_long_ones_are_cut_at_the_end_of_the_window()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = $$"""{ "limits": { "drainTimeout": "{{Window.TotalSeconds}}s", "stopGrace": "1s" } }""",
        }.WithFaults("""{"token_delay_ms": 50}"""));
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        StreamReader[] streams = await Task.WhenAll(Enumerable.Range(0, ShortStreams + LongStreams)
            .Select(i => OpenAsync(i % 2 == 0 ? daemon.Client : tcp, i < ShortStreams ? 20 : 10_000)));

        await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        long asked = Stopwatch.GetTimestamp();
        Task<string[]> reading = Task.WhenAll(streams.Select(static stream => stream.ReadToEndAsync(Cancellation)));
        await DaemonFixture.WaitUntilAsync(async () => !File.Exists(daemon.SocketPath) && !await IsAcceptedAsync(daemon.TcpAddress), Window);
        int exitCode = await daemon.WaitForEndAsync();
        TimeSpan time = Stopwatch.GetElapsedTime(asked);
        string[] texts = await reading;

        Assert.All(texts[..ShortStreams], static text => Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal));
        Assert.All(texts[ShortStreams..], static text =>
        {
            string last = text.TrimEnd('\n').Split('\n')[^1];
            Assert.StartsWith("data: {\"error\":", last, StringComparison.Ordinal);
        });
        Figures.Print($"{ShortStreams} of {ShortStreams} short streams complete, {LongStreams} cut with an error event, exit code {exitCode} after {time.TotalSeconds:0.00} s with a window of {Window.TotalSeconds} s");
        Assert.Equal(0, exitCode);
        Assert.InRange(time, Window - TimeSpan.FromSeconds(1), Window + TimeSpan.FromSeconds(2));
    }

    private static async Task<bool> IsAcceptedAsync(Uri address)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.Host, address.Port, Cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<StreamReader> OpenAsync(HttpClient client, int tokens)
    {
        using var content = new StringContent($$"""{"model":"tiny-chat","messages":[],"max_tokens":{{tokens}},"stream":true}""", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = content };
        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.StartsWith("data: ", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        return reader;
    }
}

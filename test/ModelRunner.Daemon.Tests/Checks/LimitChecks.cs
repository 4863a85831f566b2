using System.Globalization;
using System.IO.Compression;
using System.Text;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 17: what a runner sends costs no more than its own series, and little memory.</summary>
[Collection(CheckGroup.Name)]
public sealed class LimitChecks
{
    private const int MaxBody = 2 << 20;
    private const int MaxSamples = 1000;
    private const long Megabyte = 1 << 20;
    private static readonly byte[] Piece = new byte[10 << 20];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The name of each case, and the reason for which the runner is down; null: it is up.</summary>
    public static TheoryData<string, string?> Cases => new()
    {
        { "a byte under the limit", null },
        { "at the limit", null },
        { "a byte over the limit", "too_large" },
        { "as many samples as allowed", null },
        { "a sample more", "too_large" },
        { "ten thousand labels", null },
        { "a label of 1 MiB", null },
        { "10 MB of gzip for 10 GB", "too_large" },
        { "an endless body in chunks", "too_large" },
        { "a redirect to another runner", "status" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Check_17_A_page_beyond_a_limit_affects_only_its_runner(string name, string? reason)
    {
        await using RawRunner healthy = RawRunner.WithPage(1, "rt:units_total 5\n");
        await using RawRunner target = RawRunner.WithPage(3, "rt:stolen 1\n");
        await using RawRunner runner = Make(name, target);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""
                {
                  "metrics": { "minInterval": "0s", "maxBodyBytes": {{MaxBody}}, "maxSamples": {{MaxSamples}} },
                  "runners": [
                    { "backend": "llama.cpp", "model": "m1", "mode": "completion", "endpoint": "unix:{{healthy.SocketPath}}" },
                    { "backend": "llama.cpp", "model": "m2", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" }
                  ]
                }
                """,
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };

        // The first page includes just-in-time compilation; its memory is not that of the page.
        await PageAsync(tcp);
        long before = ResidentBytes(daemon, "VmRSS:");
        await File.WriteAllTextAsync($"/proc/{daemon.ProcessId}/clear_refs", "5", Cancellation);
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            var time = TimeSpan.Zero;
            foreach (HttpClient client in (HttpClient[])[daemon.Client, tcp])
            {
                long started = TimeProvider.System.GetTimestamp();
                string page = await PageAsync(client);
                TimeSpan took = TimeProvider.System.GetElapsedTime(started);
                time = took > time ? took : time;
                AssertPage(page, reason);
            }

            long more = (ResidentBytes(daemon, "VmHWM:") - before) / Megabyte;
            Figures.Print($"{name}: {reason ?? "shown"}, {time.TotalMilliseconds:0} ms, {more} MiB more");
            Assert.InRange(more, 0, 63);
            return time < TimeSpan.FromSeconds(1) ? null : $"{time}";
        });
        Assert.DoesNotContain(target.Requests, static request => request.Contains("/metrics", StringComparison.Ordinal));
    }

    private static void AssertPage(string page, string? reason)
    {
        const string Labels = """backend="llama.cpp",model="m2:latest",mode="completion" """;
        Assert.Contains("\nrt:units_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 5\n", page, StringComparison.Ordinal);
        Assert.Contains($"\nmodel_runner_up{{{Labels.TrimEnd()}}} {(reason is null ? 1 : 0)}\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("rt:stolen", page, StringComparison.Ordinal);

        // Samples with too many or too long labels are left out one by one; the others of the runner are shown.
        Assert.Equal(reason is null, page.Contains("\nrt:good{", StringComparison.Ordinal));
        if (reason is not null)
            Assert.Contains($"\nmodel_runner_down_info{{{Labels.TrimEnd()},reason=\"{reason}\"}} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("rt:bad", page, StringComparison.Ordinal);
    }

    private static RawRunner Make(string name, RawRunner target)
    {
        const string Good = "rt:good 1\n";
        string samples = Good + string.Concat(Enumerable.Range(1, MaxSamples - 1).Select(static i => string.Create(CultureInfo.InvariantCulture, $"rt:s{{i=\"{i}\"}} 1\n")));
        return name switch
        {
            "a byte under the limit" => RawRunner.WithPage(2, Padded(MaxBody - 1)),
            "at the limit" => RawRunner.WithPage(2, Padded(MaxBody)),
            "a byte over the limit" => RawRunner.WithPage(2, Padded(MaxBody + 1)),
            "as many samples as allowed" => RawRunner.WithPage(2, samples),
            "a sample more" => RawRunner.WithPage(2, samples + "rt:s{i=\"x\"} 1\n"),
            "ten thousand labels" => RawRunner.WithPage(
                2, Good + "rt:bad{" + string.Join(',', Enumerable.Range(0, 10_000).Select(static i => string.Create(CultureInfo.InvariantCulture, $"l{i}=\"v\""))) + "} 1\n"),
            "a label of 1 MiB" => RawRunner.WithPage(2, Good + $"rt:bad{{l=\"{new string('x', 1 << 20)}\"}} 1\n"),
            "10 MB of gzip for 10 GB" => RawRunner.WithBytes(2, Bomb()),
            "an endless body in chunks" => new RawRunner(2, SendEndlesslyAsync),
            _ => RawRunner.WithBytes(2, Encoding.ASCII.GetBytes(
                $"HTTP/1.1 302 Found\r\nLocation: http+unix://{target.SocketPath}/metrics\r\nContent-Length: 0\r\n\r\n")),
        };
    }

    private static string Padded(int length)
    {
        const string Good = "rt:good 1\n";
        return Good + "#" + new string('x', length - Good.Length - 2) + "\n";
    }

    // Each member is 10 MiB of zeros; a reader takes them as one body.
    private static byte[] Bomb()
    {
        using var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(Piece);
        byte[] one = member.ToArray();
        byte[] body = new byte[one.Length * 1000];
        for (int i = 0; i < 1000; i++)
            one.CopyTo(body, i * one.Length);
        byte[] head = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: {body.Length}\r\n\r\n"));
        Assert.InRange(body.Length, 9_000_000, 12_000_000);
        return [.. head, .. body];
    }

    private static async Task<bool> SendEndlesslyAsync(Stream stream, CancellationToken ending)
    {
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), ending);
        byte[] chunk = Encoding.ASCII.GetBytes("10000\r\n" + string.Concat(Enumerable.Repeat("rt:bad 1 #padding\n", 4000))[..65536] + "\r\n");
        while (!ending.IsCancellationRequested)
            await stream.WriteAsync(chunk, ending);
        return false;
    }

    private static async Task<string> PageAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.True(response.IsSuccessStatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static long ResidentBytes(DaemonFixture daemon, string name) => 1024 * long.Parse(
        File.ReadLines($"/proc/{daemon.ProcessId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);
}

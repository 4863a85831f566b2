using System.Net;
using System.Net.Sockets;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 19: clients that read 100 bytes a second.</summary>
[Collection(CheckGroup.Name)]
public sealed class SlowReaderChecks
{
    private const int Readers = 200;
    private const int Scrapes = 100;
    private const int PieceBytes = 100;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    // More than the kernel keeps for a connection, and little enough for a page that takes a moment.
    private static readonly string Body = string.Concat(Enumerable.Range(0, 6000).Select(static i => $"rt:s{{queue=\"a queue with a rather long name of its own {i}\"}} 1\n"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Check_19_Two_hundred_clients_that_read_slowly_delay_no_other_and_are_cut(bool isTcp)
    {
        await using RawRunner runner = RawRunner.WithPage(1, Body);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""
                {
                  "metrics": { "timeout": "8s" },
                  "runners": [ { "backend": "llama.cpp", "model": "m1", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" } ]
                }
                """,
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        HttpClient client = isTcp ? tcp : daemon.Client;
        await client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        int before = DescriptorsOf(daemon);
        var readers = new List<Socket>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        try
        {
            while (readers.Count < Readers)
                readers.Add(await ConnectAsync(daemon, isTcp));
            Task<int[]> reading = Task.WhenAll(readers.Select(reader => TrickleAsync(reader, end.Token)));
            await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
            {
                var times = new List<TimeSpan>();
                for (int scrape = 0; scrape < Scrapes; scrape++)
                {
                    long started = TimeProvider.System.GetTimestamp();
                    string page = await client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
                    times.Add(TimeProvider.System.GetElapsedTime(started));
                    Assert.Equal(6000, page.Split('\n').Count(static line => line.StartsWith("rt:s{", StringComparison.Ordinal)));
                }

                TimeSpan p99 = Figures.Quantile(times, 0.99);
                Figures.Print($"99 % of {Scrapes} pages within {p99.TotalMilliseconds:0} ms beside {Readers} slow readers");
                return p99 < Limit ? null : $"99 % within {p99.TotalMilliseconds:0} ms";
            });

            // The kernel takes all of this page for a client on TCP; then its connection is idle, and closed for that.
            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(DescriptorsOf(daemon) < before + 20), DaemonFixture.Patience);
            Figures.Print($"{Readers} of {Readers} cut");
            if (!isTcp)
                Assert.All(await reading.WaitAsync(DaemonFixture.Patience, Cancellation), static bytes => Assert.InRange(bytes, 1, Body.Length - 1));
        }
        finally
        {
            await end.CancelAsync();
            readers.ForEach(static reader => reader.Dispose());
        }
    }

    private static int DescriptorsOf(DaemonFixture daemon) => Directory.GetFileSystemEntries($"/proc/{daemon.ProcessId}/fd").Length;

    private static async Task<Socket> ConnectAsync(DaemonFixture daemon, bool isTcp)
    {
        Socket reader = isTcp
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        EndPoint address = isTcp ? new IPEndPoint(IPAddress.Loopback, daemon.TcpAddress.Port) : new UnixDomainSocketEndPoint(daemon.SocketPath);
        await reader.ConnectAsync(address, Cancellation);
        await reader.SendAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancellation);
        return reader;
    }

    /// <summary>Reads slowly until the daemon has closed the connection, and then what is left in the kernel.</summary>
    private static async Task<int> TrickleAsync(Socket reader, CancellationToken cancellation)
    {
        int received = 0;
        byte[] piece = new byte[PieceBytes];
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (!HasHungUp(reader))
            {
                received += await reader.ReceiveAsync(piece, cancellation);
                await timer.WaitForNextTickAsync(cancellation);
            }

            byte[] rest = new byte[65536];
            while (await reader.ReceiveAsync(rest, cancellation) is > 0 and var count)
                received += count;
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A reset is an end too, and so is that of the test.
        }

        return received;
    }

    private static bool HasHungUp(Socket reader) => Metrics.HangUp.IsSeen(reader);
}

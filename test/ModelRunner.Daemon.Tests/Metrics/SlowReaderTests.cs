using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Clients that do not read, against the whole daemon, with a page that no socket buffer holds.</summary>
public sealed class SlowReaderTests
{
    private const int Readers = 200;
    private const int Runners = 4;
    private const long Megabyte = 1024 * 1024;
    private static readonly string Body = string.Concat(Enumerable.Range(0, 60).Select(static family =>
        string.Concat(Enumerable.Range(0, 800).Select(sample => $"f{family:D2}{{queue=\"a queue with a rather long name of its own {sample}\"}} 1\n"))));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_hundred_clients_that_never_read_delay_no_other_and_are_aborted(bool isTcp)
    {
        RawRunner[] runners = [.. Enumerable.Range(1, Runners).Select(static id => RawRunner.WithPage(id, Body))];
        await using DaemonFixture daemon = await StartAsync(runners, minInterval: "1s", isTcp);
        long before = MemoryOf(await PageAsync(daemon));
        int connections = DescriptorsOf(daemon);
        List<Socket> dead = [];
        try
        {
            while (dead.Count < Readers)
                dead.Add(await AskAsync(daemon, isTcp));
            List<Socket> stuck = [];
            foreach (Socket reader in dead)
            {
                if ((await HeadAsync(reader)).Contains("\r\nTransfer-Encoding: chunked\r\n", StringComparison.Ordinal))
                    stuck.Add(reader);
            }

            // On a busy machine, some of these clients may get a page without runners, which is short.
            Assert.InRange(stuck.Count, Readers / 4, Readers);

            for (int scrape = 0; scrape < 3; scrape++)
            {
                string page = await PageAsync(daemon);
                Assert.DoesNotContain("model_runner_down_info{", page, StringComparison.Ordinal);
                Assert.Equal(Runners * 60 * 800, page.Split('\n').Count(static line => line.StartsWith('f')));
                Assert.InRange(MemoryOf(page), 0, before + (768 * Megabyte));
            }

            // They sent no timeout, so metrics.timeout applies, which is 10 s. A client on TCP does not notice the end before it reads, so the
            // connections of the daemon are counted.
            dead.Except(stuck).ToList().ForEach(static reader => reader.Dispose());
            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(DescriptorsOf(daemon) < connections + 20), DaemonFixture.Patience);
        }
        finally
        {
            dead.ForEach(static reader => reader.Dispose());
            foreach (RawRunner runner in runners)
                await runner.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_TCP_client_that_does_not_read_a_large_page_uses_little_kernel_memory()
    {
        RawRunner[] runners = [.. Enumerable.Range(1, Runners).Select(static id => RawRunner.WithPage(id, Body))];
        await using DaemonFixture daemon = await StartAsync(runners, minInterval: "1s", hasTcp: true);
        using Socket dead = await AskAsync(daemon, isTcp: true);
        await HeadAsync(dead);

        // The queue is full when it stops growing.
        long queued = 0;
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                long before = queued;
                queued = QueuedTo(((IPEndPoint)dead.LocalEndPoint!).Port);
                return Task.FromResult(queued > 0 && queued == before);
            },
            DaemonFixture.Patience);

        Assert.InRange(queued, 1, 2 * Megabyte);
        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    private static Task<DaemonFixture> StartAsync(RawRunner[] runners, string minInterval, bool hasTcp) => DaemonFixture.StartAsync(new DaemonSetup
    {
        HasTcp = hasTcp,
        Configuration = $$"""
            { "metrics": { "timeout": "10s", "minInterval": "{{minInterval}}" }, "runners": [ {{string.Join(", ", runners.Select(static (runner, i) =>
            $$"""{ "backend": "llama.cpp", "model": "m{{i}}", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" }"""))}} ] }
            """,
    });

    private static async Task<Socket> AskAsync(DaemonFixture daemon, bool isTcp)
    {
        Socket reader = isTcp
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        EndPoint address = isTcp ? new IPEndPoint(IPAddress.Loopback, daemon.TcpAddress.Port) : new UnixDomainSocketEndPoint(daemon.SocketPath);
        await reader.ConnectAsync(address, Cancellation);
        await reader.SendAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancellation);
        return reader;
    }

    private static async Task<string> HeadAsync(Socket reader)
    {
        byte[] head = new byte[220];
        await using var stream = new NetworkStream(reader);
        await stream.ReadExactlyAsync(head, Cancellation);
        return Encoding.ASCII.GetString(head);
    }

    private static async Task<string> PageAsync(DaemonFixture daemon)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Add("X-Prometheus-Scrape-Timeout-Seconds", "30");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static int DescriptorsOf(DaemonFixture daemon) =>
        Directory.GetFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{daemon.ProcessId}/fd")).Length;

    // The kernel's buffers for the client at this port: the table has a line for each end of a connection.
    private static long QueuedTo(int port)
    {
        string remote = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4}");
        string[] line = Assert.Single(
            File.ReadLines("/proc/net/tcp").Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)), line => line[2] == remote);
        return long.Parse(line[4].AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static long MemoryOf(string page)
    {
        const string Name = "model_runner_process_resident_memory_bytes ";
        return long.Parse(Assert.Single(page.Split('\n'), static line => line.StartsWith(Name, StringComparison.Ordinal))[Name.Length..], CultureInfo.InvariantCulture);
    }
}

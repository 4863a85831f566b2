using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 42: nine hundred clients that send next to nothing.</summary>
[Collection(CheckGroup.Name)]
public sealed class SlowlorisChecks
{
    private const int Each = 300;
    private const int Honest = 10;
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    // Half a head; half a body; nothing.
    private static readonly string[] Beginnings =
    [
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{\"model\":\"",
        "",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_42_Nine_hundred_slow_clients_are_closed_in_time_and_delay_nobody()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        await daemon.GetAsync("health");
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], () => MeasureAsync(daemon, tcp));
    }

    private static async Task<string?> MeasureAsync(DaemonFixture daemon, HttpClient tcp)
    {
        var sockets = new List<Socket>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        try
        {
            foreach (string beginning in Beginnings)
                for (int i = 0; i < Each; i++)
                    sockets.Add(await ConnectAsync(daemon, i % 2 == 0, beginning));

            // Honest clients ask all the time, until the last of the others is closed.
            Task<TimeSpan[]> closing = Task.WhenAll(sockets.Select((socket, i) => TrickleAsync(socket, sends: i < 2 * Each)));
            Task<TimeSpan[]>[] honest = [.. Enumerable.Range(0, Honest).Select(i => AskAsync(i % 2 == 0 ? daemon.Client : tcp, end.Token))];
            TimeSpan[] closed = await closing.WaitAsync(DaemonFixture.Patience, Cancellation);
            await end.CancelAsync();
            TimeSpan[] times = [.. (await Task.WhenAll(honest)).SelectMany(static times => times)];

            TimeSpan p99 = Figures.Quantile(times, 0.99);
            Figures.Print($"{closed.Length} of {closed.Length} closed, the last after {closed.Max().TotalSeconds:0.0} s; {times.Length} honest requests, 99 % within {p99.TotalMilliseconds:0} ms");
            return closed.Max() > CloseLimit ? $"closed after {closed.Max()}" : p99 < Limit ? null : $"99 % within {p99.TotalMilliseconds:0} ms";
        }
        finally
        {
            await end.CancelAsync();
            sockets.ForEach(static socket => socket.Dispose());
        }
    }

    private static async Task<Socket> ConnectAsync(DaemonFixture daemon, bool isTcp, string beginning)
    {
        Socket socket = isTcp
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(isTcp ? new IPEndPoint(IPAddress.Loopback, daemon.TcpAddress.Port) : new UnixDomainSocketEndPoint(daemon.SocketPath), Cancellation);
        if (beginning.Length > 0)
            await socket.SendAsync(Encoding.ASCII.GetBytes(beginning), Cancellation);
        return socket;
    }

    /// <summary>Sends a byte a second until the daemon closes the connection.</summary>
    /// <returns>How long that took.</returns>
    private static async Task<TimeSpan> TrickleAsync(Socket socket, bool sends)
    {
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        Task<bool> end = ReadToEndAsync(socket);
        while (!end.IsCompleted)
        {
            try
            {
                if (sends)
                    await socket.SendAsync("x"u8.ToArray(), Cancellation);
            }
            catch (SocketException)
            {
                break;
            }

            await Task.WhenAny(end, timer.WaitForNextTickAsync(Cancellation).AsTask());
        }

        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<bool> ReadToEndAsync(Socket socket)
    {
        try
        {
            byte[] buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, Cancellation) > 0)
            {
                // An error response comes before the end.
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }

        return true;
    }

    private static async Task<TimeSpan[]> AskAsync(HttpClient client, CancellationToken end)
    {
        var times = new List<TimeSpan>();
        while (!end.IsCancellationRequested)
        {
            long started = Stopwatch.GetTimestamp();
            string page = await client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            times.Add(Stopwatch.GetElapsedTime(started));
            Assert.Contains("model_runner_build_info", page, StringComparison.Ordinal);
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancellation);
        }

        return [.. times];
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>A server that reads the daemon's page whenever the daemon reads its own.</summary>
public sealed class ScrapeLoopTests
{
    /// <summary>How long the daemon waits for the runner: 90 % of metrics.timeout. A second wait would double it.</summary>
    private static readonly TimeSpan RunnerTimeout = TimeSpan.FromSeconds(9);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SEC_07_A_runner_that_scrapes_the_daemon_times_out_once()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                {
                  "runners": [{ "backend": "loop", "model": "loop", "mode": "completion", "endpoint": "http://127.0.0.1:{{port}}" }],
                  "metrics": { "minInterval": "0s", "timeout": "10s" }
                }
                """,
        });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        int asked = 0;
        Task serving = ServeAsync(listener, daemon, () => Interlocked.Increment(ref asked), ending.Token);

        long started = Stopwatch.GetTimestamp();
        HttpStatusCode[] statuses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StatusAsync(daemon)));
        TimeSpan took = Stopwatch.GetElapsedTime(started);

        // On a busy machine the page may not get the merge lock before the deadline. Then the response says so.
        Assert.All(statuses, static status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{status}"));
        Assert.Contains(HttpStatusCode.OK, statuses);
        Assert.True(took < 2 * RunnerTimeout, $"The pages took {took}.");

        // Concurrent scrapes share one request. Without that, each level would send a new one, without end.
        Assert.InRange(Volatile.Read(ref asked), 1, 4);
        await ending.CancelAsync();
        await serving;
        Assert.Equal("ok", (await daemon.GetAsync("health")).GetProperty("status").GetString());
    }

    private static async Task<HttpStatusCode> StatusAsync(DaemonFixture daemon)
    {
        using HttpResponseMessage answer = await daemon.Client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        string page = await answer.Content.ReadAsStringAsync(Cancellation);
        if (answer.StatusCode == HttpStatusCode.OK)
            Assert.Matches("""(?m)^model_runner_up\{[^}]*model="loop[^}]*\} 0$""", page);
        return answer.StatusCode;
    }

    private static async Task ServeAsync(Socket listener, DaemonFixture daemon, Action count, CancellationToken ending)
    {
        var answers = new List<Task>();
        try
        {
            while (true)
                answers.Add(AnswerAsync(await listener.AcceptAsync(ending), daemon, count, ending));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(answers);
        }
    }

    private static async Task AnswerAsync(Socket socket, DaemonFixture daemon, Action count, CancellationToken ending)
    {
        using (socket)
        {
            try
            {
                byte[] request = new byte[4096];
                while (await socket.ReceiveAsync(request, ending) > 0)
                {
                    count();
                    byte[] page = await daemon.Client.GetByteArrayAsync(new Uri("metrics", UriKind.Relative), ending);
                    byte[] head = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {page.Length}\r\n\r\n");
                    await RawHttp.SendAllAsync(socket, head);
                    await RawHttp.SendAllAsync(socket, page);
                }
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException or HttpRequestException)
            {
                // The daemon cancelled this request, or the test ends.
            }
        }
    }
}

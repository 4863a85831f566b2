using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Clients are told how long an idle connection stays open, so that they do not use it at the moment at which it is closed.</summary>
public sealed class KeepAliveHintTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_response_of_HTTP_1_1_says_how_long_its_connection_stays_open()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        foreach (string path in (string[])["version", "metrics", "nothing", "v1/models"])
        {
            using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri(path, UriKind.Relative), Token);
            Assert.Equal("timeout=13", Assert.Single(response.Headers.GetValues("Keep-Alive")));
        }

        // The engine has a time of its own, which is not passed on.
        using HttpResponseMessage chat = await daemon.SendAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[{"role":"user","content":"x"}]}""", HttpCompletionOption.ResponseContentRead, Token);
        Assert.Equal(HttpStatusCode.OK, chat.StatusCode);
        Assert.Equal("timeout=13", Assert.Single(chat.Headers.GetValues("Keep-Alive")));
        Assert.Equal(13, KestrelSetup.KeepAlive.TotalSeconds);
    }

    [Fact]
    public async Task A_connection_that_is_not_kept_has_no_such_time()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using HttpClient client = DaemonFixture.UnixClient(daemon.SocketPath);
        client.DefaultRequestVersion = HttpVersion.Version20;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using HttpResponseMessage second = await client.GetAsync(new Uri("version", UriKind.Relative), Token);
        Assert.False(second.Headers.Contains("Keep-Alive"));

        foreach (string headers in (string[])["Connection: close", "Transfer-Encoding: gzip, chunked"])
        {
            using Socket socket = await RawHttp.ConnectAsync(daemon.SocketPath);
            await RawHttp.SendAllAsync(socket, Encoding.ASCII.GetBytes($"POST /engines/unload HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n0\r\n\r\n"));
            string closed = await RawHttp.ReadToEndAsync(socket);
            Assert.StartsWith("HTTP/1.1 400 ", closed, StringComparison.Ordinal);
            Assert.Contains("Connection: close", closed, StringComparison.Ordinal);
            Assert.DoesNotContain("Keep-Alive", closed, StringComparison.Ordinal);
        }
    }
}

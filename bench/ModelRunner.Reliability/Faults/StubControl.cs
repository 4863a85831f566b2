using System.Net.Sockets;
using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>Talks to a stub behind the daemon's back.</summary>
internal static class StubControl
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Posts a text to a stub. One that is gone, or ends because of it, is no error.</summary>
    public static async Task PostAsync(int runner, string path, string body)
    {
        string[] arguments = ProcessFolder.ArgumentsOf(runner);
        int host = Array.IndexOf(arguments, "--host");
        if (host < 0)
            return;
        string socketPath = arguments[host + 1];
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { Timeout = Limit };
        for (TimeSpan started = Clock.Now; Clock.Now - started < Limit && ProcessFolder.IsAlive(runner); await Task.Delay(Pause))
        {
            try
            {
                using var content = new StringContent(body);
                using HttpResponseMessage response = await client.PostAsync(new Uri($"http://stub/{path}"), content);
                return;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                // It does not listen yet, or it is gone.
            }
        }
    }
}

using System.Net.Sockets;
using System.Text;
using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>Clients that send half a head, send half a body, or ask for the page and do not read it.</summary>
internal sealed class SlowPeers : Fault
{
    private const int Each = 60;

    private static readonly string[] Beginnings =
    [
        "GET /metrics HTTP/1.1\r\nHost: localh",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"model\":",
        string.Concat(Enumerable.Repeat("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 20)),
    ];

    private readonly List<Socket> _sockets = [];

    public override string Name => "slow clients";

    public override async Task BeginAsync(LabDaemon lab, string victim)
    {
        foreach (string beginning in Beginnings)
        {
            for (int i = 0; i < Each; i++)
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveBufferSize = 1024 };
                _sockets.Add(socket);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Join(lab.Folder, "d.sock")));
                await socket.SendAsync(Encoding.ASCII.GetBytes(beginning));
            }
        }
    }

    public override Task EndAsync(LabDaemon lab, string victim)
    {
        foreach (Socket socket in _sockets)
            socket.Dispose();
        _sockets.Clear();
        return Task.CompletedTask;
    }
}

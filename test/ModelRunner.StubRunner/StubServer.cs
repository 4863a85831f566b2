using System.Net;
using System.Net.Sockets;

namespace ModelRunner.StubRunner;

/// <summary>Listens and serves every connection on its own. It speaks plain sockets, so that it can break HTTP wherever a test wants.</summary>
internal sealed class StubServer(StubArguments arguments, StubFaults faults)
{
    private readonly Socket _listener = arguments.IsUnixSocket
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public StubState State { get; } = new();

    /// <summary>Where it listens: <c>unix:/path.sock</c> or <c>http://127.0.0.1:port</c>.</summary>
    public string Address => _listener.LocalEndPoint is IPEndPoint bound ? $"http://{bound}" : $"unix:{arguments.Host}";

    /// <summary>Like llama-server it neither replaces a stale socket file nor removes its own at the end.</summary>
    public bool TryBind(out string problem)
    {
        try
        {
            _listener.Bind(arguments.IsUnixSocket
                ? new UnixDomainSocketEndPoint(arguments.Host)
                : new IPEndPoint(IPAddress.Parse(arguments.Host), arguments.Port));
            _listener.Listen(512);
            problem = "";
            return true;
        }
        catch (SocketException failure)
        {
            problem = failure.SocketErrorCode.ToString();
            return false;
        }
    }

    public async Task RunAsync()
    {
        var router = new StubRouter(arguments, faults, State);
        while (!State.Stopping.IsCancellationRequested)
        {
            Socket accepted = await _listener.AcceptAsync();
            State.CountConnection();
            _ = new StubConnection(accepted, State.Connections, router, faults, State).RunAsync();
        }
    }
}

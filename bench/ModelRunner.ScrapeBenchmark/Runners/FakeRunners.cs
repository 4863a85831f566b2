using System.Net.Sockets;
using System.Text;

namespace ModelRunner.ScrapeBenchmark.Runners;

/// <summary>
/// Runners with the least possible cost: a Unix socket each, all in one thread, with one prepared response for all. They never
/// close an idle connection.
/// </summary>
internal sealed class FakeRunners : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(100);

    private readonly Epoll _epoll = new();
    private readonly Dictionary<int, Socket> _listeners = [];
    private readonly Dictionary<int, RunnerConnection> _connections = [];
    private readonly byte[] _answer;
    private readonly Thread _thread;
    private volatile bool _isStopping;

    /// <summary>Listens until it is disposed.</summary>
    /// <param name="folder">The folder for the sockets.</param>
    /// <param name="workload">The number of runners, and their page.</param>
    public FakeRunners(string folder, Workload workload)
    {
        _answer =
        [
            .. Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {workload.Page.Bytes.Length}\r\n\r\n"),
            .. workload.Page.Bytes,
        ];
        foreach (string path in SocketPaths(folder, workload.Runners))
            Listen(path);
        _thread = new Thread(Serve) { IsBackground = true, Name = "runners" };
        _thread.Start();
    }

    /// <summary>The given number of socket paths, in order.</summary>
    public static IEnumerable<string> SocketPaths(string folder, int count) =>
        Enumerable.Range(0, count).Select(number => Path.Join(folder, $"r{number:D4}.sock"));

    public void Dispose()
    {
        _isStopping = true;
        _thread.Join();
        foreach (RunnerConnection connection in _connections.Values)
            connection.Dispose();
        foreach (Socket listener in _listeners.Values)
            listener.Dispose();
        _epoll.Dispose();
    }

    private void Listen(string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        _listeners.Add(Epoll.DescriptorOf(listener), listener);
        _epoll.Add(listener);
    }

    private void Serve()
    {
        while (!_isStopping)
        {
            foreach (EpollEvent ready in _epoll.Wait(MaxWait))
            {
                if (_connections.TryGetValue(ready.Descriptor, out RunnerConnection? connection))
                    Serve(ready.Descriptor, connection);
                else
                    Accept(_listeners[ready.Descriptor]);
            }
        }
    }

    private void Accept(Socket listener)
    {
        Socket socket = listener.Accept();
        socket.Blocking = false;
        _connections.Add(Epoll.DescriptorOf(socket), new RunnerConnection(socket, _answer));
        _epoll.Add(socket);
    }

    private void Serve(int descriptor, RunnerConnection connection)
    {
        bool wasWriting = connection.IsWriting;
        if (!connection.Serve())
        {
            _connections.Remove(descriptor);
            connection.Dispose();
        }
        else if (connection.IsWriting != wasWriting)
        {
            _epoll.Change(connection.Socket, connection.IsWriting);
        }
    }
}

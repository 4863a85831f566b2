using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.ScrapeBenchmark.Http;

namespace ModelRunner.RequestBenchmark;

/// <summary>One connection that sends chat requests one after another. Not thread-safe.</summary>
internal sealed class ChatClient : IDisposable
{
    private static readonly byte[] Whole = Request("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""");
    private static readonly byte[] Streamed = Request("""{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}""");

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly NetworkStream _stream;
    private readonly HttpResponseReader _reader = new(64 * 1024);
    private readonly List<TimeSpan> _delays = [];
    private long _bytes;

    /// <param name="port">A port of 127.0.0.1.</param>
    public ChatClient(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new NetworkStream(_socket);
    }

    /// <summary>Sends a request and reads its whole response.</summary>
    /// <returns>The bytes of the response.</returns>
    public long Ask()
    {
        _bytes = 0;
        Send(Whole, part => _bytes += part.Length);
        return _bytes;
    }

    /// <summary>Sends a request for a stream.</summary>
    /// <returns>The time from the sending of each event to its arrival.</returns>
    public IReadOnlyList<TimeSpan> Stream()
    {
        _delays.Clear();
        Send(Streamed, Measure);
        return _delays;
    }

    /// <summary>May be called from another thread: a running request then fails.</summary>
    public void Dispose() => _socket.Dispose();

    private static byte[] Request(string body) => Encoding.ASCII.GetBytes(
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private void Send(byte[] request, Action<ReadOnlySpan<byte>> body)
    {
        _stream.Write(request);
        int status = _reader.Read(_stream, body);
        if (status != 200)
            throw new BenchmarkException($"a request got status {status}");
    }

    // An event has arrived when its bytes have; one chunk may hold several.
    private void Measure(ReadOnlySpan<byte> part)
    {
        long now = Stopwatch.GetTimestamp();
        ReadOnlySpan<byte> sent = "\"sent\":"u8;
        for (int at; (at = part.IndexOf(sent)) >= 0;)
        {
            part = part[(at + sent.Length)..];
            if (Utf8Parser.TryParse(part, out long time, out _))
                _delays.Add(Stopwatch.GetElapsedTime(time, now));
        }
    }
}

using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.StubRunner;

/// <summary>Writes one answer. The parts are public so that faults can send any wrong sequence of them.</summary>
internal sealed class StubResponse(Socket socket)
{
    /// <summary>Whether the connection ends after this answer.</summary>
    public bool Closes { get; private set; }

    /// <summary>Sends a whole answer.</summary>
    public async Task SendAsync(int status, string contentType, ReadOnlyMemory<byte> body, string extraHeaders = "")
    {
        await SendHeadAsync(status, contentType, $"Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n{extraHeaders}");
        await SendRawAsync(body);
    }

    public Task SendJsonAsync(int status, string json) => SendAsync(status, "application/json; charset=utf-8", Encoding.UTF8.GetBytes(json));

    /// <summary>Sends an error in llama-server's shape.</summary>
    public Task SendErrorAsync(int status, string message, string type) => SendJsonAsync(status,
        $$$"""{"error":{"code":{{{status}}},"message":"{{{message}}}","type":"{{{type}}}"}}""");

    /// <param name="status">The status code.</param>
    /// <param name="contentType">Empty: no such header.</param>
    /// <param name="headers">Whole lines, each with its line end.</param>
    public async Task SendHeadAsync(int status, string contentType, string headers)
    {
        string type = contentType.Length == 0 ? "" : $"Content-Type: {contentType}\r\n";
        string head = $"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} Stub\r\nServer: llama.cpp\r\n{type}{headers}\r\n";
        await SendRawAsync(Encoding.Latin1.GetBytes(head));
    }

    public async Task SendChunkAsync(ReadOnlyMemory<byte> chunk)
    {
        await SendRawAsync(Encoding.ASCII.GetBytes(chunk.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
        await SendRawAsync(chunk);
        await SendRawAsync("\r\n"u8.ToArray());
    }

    public Task SendLastChunkAsync() => SendRawAsync("0\r\n\r\n"u8.ToArray());

    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    /// <summary>Ends the connection after what was sent so far.</summary>
    public void Close() => Closes = true;
}

using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>Recognises a client that speaks HTTP without TLS to a port with TLS, and tells it so instead of closing the connection.</summary>
internal static class PlainHttp
{
    /// <summary>The first byte of a TLS record that begins a handshake (RFC 8446, section 5.1).</summary>
    private const byte HandshakeRecord = 0x16;

    private static readonly byte[] Response = MakeResponse();

    /// <summary>Waits for the first byte and leaves it unread.</summary>
    /// <returns>Whether the connection should be served; false if nothing came in time, or if the client got the response.</returns>
    public static async Task<bool> PrepareAsync(ConnectionContext connection, TimeProvider time)
    {
        PipeReader input = connection.Transport.Input;
        CancellationToken closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using var timeout = new CancellationTokenSource(KestrelSetup.KeepAlive, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, closing);
        try
        {
            ReadOnlySequence<byte> bytes = (await input.ReadAsync(ending.Token)).Buffer;
            byte? first = bytes.IsEmpty ? null : bytes.FirstSpan[0];
            input.AdvanceTo(bytes.Start);
            if (first is HandshakeRecord)
                return true;
            if (first is >= (byte)'A' and <= (byte)'Z')
                await connection.Transport.Output.WriteAsync(Response, ending.Token);
            return false;
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private static byte[] MakeResponse()
    {
        ReadOnlySpan<byte> body = """
            {"error":{"message":"this port speaks TLS; use https:// instead of http://","type":"invalid_request_error","code":"tls_required"}}
            """u8;
        byte[] head = System.Text.Encoding.ASCII.GetBytes(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
            + body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture) + "\r\n\r\n");
        return [.. head, .. body];
    }
}

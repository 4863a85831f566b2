using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Recognises a client that speaks HTTP/2 without TLS and without asking (RFC 9113, section 3.3) by the preface that it sends first.
/// Kestrel chooses between HTTP/1.1 and HTTP/2 on one port only by what TLS negotiated, so such a connection gets the two features that
/// say so.
/// </summary>
internal static class PriorKnowledge
{
    /// <summary>As long as an idle connection may stay: before the first byte Kestrel does not count yet.</summary>
    private static readonly TimeSpan FirstBytesTimeout = KestrelSetup.KeepAlive;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Waits for the first bytes, which stay unread, and marks the connection where they are the preface.</summary>
    /// <returns>Whether there is anything to serve; false where nothing came in time.</returns>
    public static async Task<bool> PrepareAsync(ConnectionContext connection, TimeProvider time)
    {
        PipeReader input = connection.Transport.Input;
        CancellationToken closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using var patience = new CancellationTokenSource(FirstBytesTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, closing);
        try
        {
            while (true)
            {
                ReadResult result = await input.ReadAsync(ending.Token);
                ReadOnlySequence<byte> bytes = result.Buffer;
                bool mayBecomePreface = MayBecomePreface(bytes);
                if (mayBecomePreface && bytes.Length < Preface.Length && !result.IsCompleted)
                {
                    input.AdvanceTo(bytes.Start, bytes.End);
                    continue;
                }

                bool isEmpty = bytes.IsEmpty;
                if (mayBecomePreface && bytes.Length >= Preface.Length)
                    Mark(connection.Features);
                input.AdvanceTo(bytes.Start);
                return !isEmpty;
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private static bool MayBecomePreface(ReadOnlySequence<byte> bytes)
    {
        Span<byte> first = stackalloc byte[24];
        int length = (int)Math.Min(bytes.Length, Preface.Length);
        bytes.Slice(0, length).CopyTo(first);
        return Preface.StartsWith(first[..length]);
    }

    private static void Mark(IFeatureCollection features)
    {
        features.Set<ITlsConnectionFeature>(Http2WithoutTls.Instance);
        features.Set<ITlsApplicationProtocolFeature>(Http2WithoutTls.Instance);
    }
}

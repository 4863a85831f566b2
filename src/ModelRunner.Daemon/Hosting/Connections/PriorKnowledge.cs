using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Recognises a client that speaks HTTP/2 without TLS and with prior knowledge (RFC 9113, section 3.3) by its preface. On one port Kestrel
/// chooses between HTTP/1.1 and HTTP/2 only by what TLS negotiated, so such a connection gets the two features that TLS would set.
/// </summary>
internal static class PriorKnowledge
{
    /// <summary>
    /// The time limit for the first byte: as long as an idle connection may stay open. Before the first byte Kestrel's own limit does not
    /// apply.
    /// </summary>
    private static readonly TimeSpan FirstBytesTimeout = KestrelSetup.KeepAlive;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Waits for the first bytes, leaves them unread, and marks the connection if they are the preface.</summary>
    /// <returns>Whether the connection should be served; false if nothing came in time.</returns>
    public static async Task<bool> PrepareAsync(ConnectionContext connection, TimeProvider time)
    {
        PipeReader input = connection.Transport.Input;
        CancellationToken closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using var timeout = new CancellationTokenSource(FirstBytesTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, closing);
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

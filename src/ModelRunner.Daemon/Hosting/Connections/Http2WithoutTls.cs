using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>Provides the feature that a TLS handshake would set: the client speaks HTTP/2.</summary>
internal sealed class Http2WithoutTls : ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    private static readonly byte[] Http2 = Encoding.ASCII.GetBytes("h2");

    private Http2WithoutTls()
    {
    }

    /// <summary>One instance serves all connections: it has no state.</summary>
    public static Http2WithoutTls Instance { get; } = new();

    public ReadOnlyMemory<byte> ApplicationProtocol => Http2;

    public X509Certificate2? ClientCertificate
    {
        get => null;
        set => throw new NotSupportedException();
    }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
}

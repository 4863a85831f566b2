using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Access;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>TLS of the daemon's port: versions 1.2 and 1.3, HTTP/2 and HTTP/1.1. Thread-safe.</summary>
internal sealed class ServerTls
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    private readonly MetricsClients? _metricsClients;
    private volatile Ready? _ready;

    /// <param name="settings">Where the files are.</param>
    /// <param name="names">The names and addresses of the daemon now.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">The log.</param>
    /// <exception cref="CertificateException">A file cannot be used.</exception>
    public ServerTls(TlsSettings settings, Func<ServerNames> names, TimeProvider time, ILoggerFactory logs)
    {
        _metricsClients = settings.MetricsClientsPath is { } path ? new MetricsClients(path) : null;
        if (settings.CertificatePath is { } certificate)
            Source = new CertificateFiles(certificate, settings.KeyPath ?? certificate, time, logs.CreateLogger<CertificateFiles>());
        else
            Source = new OwnAuthority(settings, names, time, logs.CreateLogger<OwnAuthority>());
    }

    /// <summary>Where the certificate comes from.</summary>
    public ICertificateSource Source { get; }

    /// <summary>What Kestrel asks at each handshake.</summary>
    public TlsHandshakeCallbackOptions Handshake => new()
    {
        HandshakeTimeout = HandshakeTimeout,
        OnConnection = context => ValueTask.FromResult(OptionsFor(context.Connection)),
    };

    private SslServerAuthenticationOptions OptionsFor(ConnectionContext connection)
    {
        ServerCertificate certificate = Source.Current;
        if (_metricsClients is { } clients)
            return Create(certificate, (client, chain) => Greet(connection, clients, client, chain));
        if (_ready is not { } ready || ready.Certificate != certificate)
            _ready = ready = new Ready(certificate, Create(certificate, greet: null));
        return ready.Options;
    }

    // A client with another certificate is a client without one: the error for its missing key says what to do.
    private static void Greet(ConnectionContext connection, MetricsClients clients, X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is X509Certificate2 client && clients.Accepts(client, chain?.ChainPolicy.ExtraStore ?? []))
            connection.Features.Set(TrustedClient.Instance);
    }

    [SuppressMessage("Security", "CA5359", Justification = "A client without an accepted certificate is served like one that has none.")]
    private static SslServerAuthenticationOptions Create(ServerCertificate certificate, Action<X509Certificate?, X509Chain?>? greet)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context,
            ApplicationProtocols = Protocols,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
        };
        if (greet is null)
            return options;

        // "Required" makes the server ask for a certificate; the callback then accepts clients that have none.
        options.ClientCertificateRequired = true;
        options.RemoteCertificateValidationCallback = (_, client, chain, _) =>
        {
            greet(client, chain);
            return true;
        };
        return options;
    }

    private sealed record Ready(ServerCertificate Certificate, SslServerAuthenticationOptions Options);
}

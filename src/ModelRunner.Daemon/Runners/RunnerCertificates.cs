using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Runners;

/// <summary>Configures how the certificates of attached servers are checked.</summary>
internal static class RunnerCertificates
{
    /// <summary>Returns the TLS options of connections; null: the rules of the system apply.</summary>
    [SuppressMessage("Security", "CA5359", Justification = "Only where the configuration says that certificates are not checked.")]
    public static SslClientAuthenticationOptions? OptionsFor(AttachedTlsSettings? settings) => settings switch
    {
        null => null,
        { IsVerified: false } => new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        { Authorities: { } authorities } => new() { CertificateChainPolicy = PolicyFor(authorities) },
        _ => null,
    };

    // The intermediate certificates that the server sends are added to this policy for each connection.
    private static X509ChainPolicy PolicyFor(string authorities)
    {
        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPem(authorities);
        return TrustedAuthorities.PolicyFor(trusted, TrustedAuthorities.ForServers);
    }
}

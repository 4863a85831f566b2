using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Runners;

/// <summary>Configures how the certificates of attached servers are checked.</summary>
internal static class RunnerCertificates
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Returns the TLS options of connections; null: the rules of the system apply.</summary>
    [SuppressMessage("Security", "CA5359", Justification = "Only where the configuration says that certificates are not checked.")]
    public static SslClientAuthenticationOptions? OptionsFor(AttachedTlsSettings? settings) => settings switch
    {
        null => null,
        { IsVerified: false } => new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        { Authorities: { } authorities } => new() { CertificateChainPolicy = PolicyFor(authorities) },
        _ => null,
    };

    // The intermediate certificates that the server sends are added to this policy for each connection. Nothing is downloaded.
    private static X509ChainPolicy PolicyFor(string authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            ApplicationPolicy = { new Oid(ServerAuthentication) },
        };
        policy.CustomTrustStore.ImportFromPem(authorities);
        return policy;
    }
}

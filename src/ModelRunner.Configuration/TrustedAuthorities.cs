using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ModelRunner.Configuration;

/// <summary>Rules for certificates that only given authorities may have signed.</summary>
internal static class TrustedAuthorities
{
    /// <summary>The purpose of certificates of servers (RFC 5280, section 4.2.1.12).</summary>
    public const string ForServers = "1.3.6.1.5.5.7.3.1";

    /// <summary>The purpose of certificates of clients.</summary>
    public const string ForClients = "1.3.6.1.5.5.7.3.2";

    /// <summary>Trusts these authorities and no other. Nothing is downloaded, and revocation is not checked.</summary>
    /// <param name="authorities">The authorities.</param>
    /// <param name="purpose">What the certificates must be for.</param>
    public static X509ChainPolicy PolicyFor(X509Certificate2Collection authorities, string purpose)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            ApplicationPolicy = { new Oid(purpose) },
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}

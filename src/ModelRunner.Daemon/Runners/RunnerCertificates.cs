using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Runners;

/// <summary>Checks the certificates of attached servers as the configuration says.</summary>
internal static class RunnerCertificates
{
    /// <summary>The options for connections; null where nothing but the system's rules apply.</summary>
    [SuppressMessage("Security", "CA5359", Justification = "Only where the configuration says that certificates are not checked.")]
    public static SslClientAuthenticationOptions? OptionsFor(AttachedTlsSettings? settings) => settings switch
    {
        null => null,
        { IsVerified: false } => new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        { CaFile: { } file } => new() { RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsSignedBy(file, certificate, errors) },
        _ => null,
    };

    // The file is read for each new connection: an authority that is replaced needs no restart.
    private static bool IsSignedBy(string file, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 presented || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(presented);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

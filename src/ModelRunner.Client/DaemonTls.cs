using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Client;

/// <summary>How a command checks the certificate of a daemon.</summary>
internal static class DaemonTls
{
    /// <summary>Trusts one authority, and no other.</summary>
    /// <param name="path">Absolute path of its PEM file.</param>
    /// <exception cref="CliFailure">The file cannot be used.</exception>
    public static SslClientAuthenticationOptions Trust(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CliFailure($"the authority of the daemon, {path}, cannot be read: {failure.Message}", ExitCode.Failure);
        }

        return new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = TrustedAuthorities.PolicyFor(authorities, TrustedAuthorities.ForServers),
        };
    }

    /// <summary>The library is loaded at the first use of TLS, and the process would end without it.</summary>
    /// <exception cref="CliFailure">This system has no TLS.</exception>
    public static void RequireLibrary()
    {
        if (!OpenSslLibrary.IsPresent())
            throw new CliFailure($"https:// needs OpenSSL: {OpenSslLibrary.Remedy}", ExitCode.Failure);
    }

    /// <summary>One sentence about a failed handshake.</summary>
    public static string Explain(DaemonAddress address, AuthenticationException failure) =>
        $"the TLS connection to {address} failed: {failure.Message.TrimEnd('.')}; if its authority is not one that this system trusts, name its "
        + "PEM file with the variable SSL_CERT_FILE";
}

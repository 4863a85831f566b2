using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ModelRunner.Store.Http;

/// <summary>
/// Which servers are believed to be who they say: those whose certificate an authority of the system signed (<c>SSL_CERT_FILE</c> and
/// <c>SSL_CERT_DIR</c> count as the system's), and those of an additional file.
/// </summary>
internal sealed class ServerTrust : IDisposable
{
    private static readonly Oid ForServers = new("1.3.6.1.5.5.7.3.1");

    private readonly X509Certificate2Collection _authorities = [];

    /// <param name="authorityFile">PEM file of further authorities; null: there are none.</param>
    /// <exception cref="RemoteException">The file cannot be used.</exception>
    public ServerTrust(string? authorityFile)
    {
        if (authorityFile is null)
            return;
        try
        {
            _authorities.ImportFromPemFile(authorityFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new RemoteException(RemoteReason.Untrusted, $"the file of authorities, {authorityFile}, cannot be read: {failure.Message}", failure);
        }

        if (_authorities.Count == 0)
            throw new RemoteException(RemoteReason.Untrusted, $"the file of authorities, {authorityFile}, has no certificate in PEM form");
    }

    /// <summary>The rule for connections.</summary>
    public SslClientAuthenticationOptions Options => new() { RemoteCertificateValidationCallback = Check };

    public void Dispose()
    {
        foreach (X509Certificate2 authority in _authorities)
            authority.Dispose();
    }

    private bool Check(object sender, X509Certificate? presented, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        using X509Certificate2? certificate = presented is null ? null : X509CertificateLoader.LoadCertificate(presented.GetRawCertData());
        bool isTrusted = certificate is not null && errors == SslPolicyErrors.RemoteCertificateChainErrors && IsFromOwnAuthority(certificate, chain);
        return isTrusted ? isTrusted : throw new CertificateException(ProblemOf(certificate, chain, errors));
    }

    private bool IsFromOwnAuthority(X509Certificate2 certificate, X509Chain? presented)
    {
        if (_authorities.Count == 0)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ForServers);
        foreach (X509ChainElement element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(certificate);
    }

    private static string ProblemOf(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return "it presented no certificate";
        string issuer = $"its certificate was issued by \"{Texts.Printable(certificate.Issuer, 120)}\"";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"{issuer} for another name, \"{Texts.Printable(certificate.Subject, 120)}\"";
        X509ChainStatusFlags flags = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status);
        return flags.HasFlag(X509ChainStatusFlags.NotTimeValid)
            ? FormattableString.Invariant($"{issuer} and is valid only from {certificate.NotBefore:yyyy-MM-dd} to {certificate.NotAfter:yyyy-MM-dd}")
            : $"{issuer}, which this system does not trust";
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>Makes certificates: that of an authority, and those that it signs for the daemon. Keys are on the curve P-256.</summary>
internal static class AuthorityCertificate
{
    /// <summary>How long an authority is valid. Clients have to trust a new one after that.</summary>
    public static readonly TimeSpan AuthorityAge = TimeSpan.FromDays(3650);

    /// <summary>How long a certificate of the server is valid. Some clients accept no more than 398 days.</summary>
    public static readonly TimeSpan ServerAge = TimeSpan.FromDays(90);

    // The clock of a client may be slow.
    private static readonly TimeSpan ClockError = TimeSpan.FromHours(1);


    /// <summary>A new authority with its key.</summary>
    /// <param name="host">The name of this machine, which tells people whose authority it is.</param>
    /// <param name="now">The time.</param>
    public static X509Certificate2 CreateAuthority(string host, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(NameOf($"model-runner authority of {host}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - ClockError, now + AuthorityAge);
    }

    /// <summary>A new certificate of the server with its key.</summary>
    /// <param name="authority">The authority with its key.</param>
    /// <param name="names">The names and addresses by which clients reach the server.</param>
    /// <param name="now">The time.</param>
    public static X509Certificate2 CreateServer(X509Certificate2 authority, ServerNames names, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(NameOf("model-runner"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(TrustedAuthorities.ForServers)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string host in names.Hosts)
            alternatives.AddDnsName(host);
        foreach (System.Net.IPAddress address in names.Addresses)
            alternatives.AddIpAddress(address);
        request.CertificateExtensions.Add(alternatives.Build());

        DateTimeOffset last = ExpiryOf(authority);
        using X509Certificate2 signed = request.Create(
            authority, now - ClockError, now + ServerAge < last ? now + ServerAge : last, Guid.NewGuid().ToByteArray());
        return signed.CopyWithPrivateKey(key);
    }

    /// <summary>The first moment at which a certificate is no longer valid, in UTC.</summary>
    public static DateTimeOffset ExpiryOf(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    // A name with a comma or another special character would otherwise be read as several parts.
    private static X500DistinguishedName NameOf(string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        return name.Build();
    }
}

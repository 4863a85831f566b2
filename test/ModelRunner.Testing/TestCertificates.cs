using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ModelRunner.Testing;

/// <summary>An authority and certificates that it signs, as PEM files.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;
    private readonly TemporaryFolder _folder;

    /// <param name="folder">Where the files are written.</param>
    /// <param name="name">The name of the authority and of its files.</param>
    public TestCertificates(TemporaryFolder folder, string name = "ca")
    {
        _folder = folder;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(900));
        AuthorityPath = folder.Write($"{name}.pem", _authority.ExportCertificatePem() + "\n");
    }

    /// <summary>The PEM file of the authority.</summary>
    public string AuthorityPath { get; }

    /// <summary>A handler that trusts this authority alone.</summary>
    public static SocketsHttpHandler Trusting(string authorityPath, Action<System.Net.Security.SslClientAuthenticationOptions>? change = null)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authorityPath);
        var handler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } };
        change?.Invoke(handler.SslOptions);
        return handler;
    }

    /// <summary>A certificate for a server on localhost.</summary>
    /// <param name="commonName">Its name, which tells several certificates apart.</param>
    /// <param name="hosts">Further names of the server.</param>
    public X509Certificate2 Server(string commonName, params IReadOnlyList<string> hosts) => Sign(commonName, "1.3.6.1.5.5.7.3.1", hosts);

    /// <summary>A certificate for a client.</summary>
    public X509Certificate2 Client(string commonName) => Sign(commonName, "1.3.6.1.5.5.7.3.2", []);

    /// <summary>Writes a certificate and its key.</summary>
    public (string Certificate, string Key) Write(X509Certificate2 certificate, string name)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return (_folder.Write($"{name}.pem", certificate.ExportCertificatePem() + "\n"), _folder.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem() + "\n"));
    }

    public void Dispose() => _authority.Dispose();

    private X509Certificate2 Sign(string commonName, string use, IReadOnlyList<string> hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (string host in hosts.Prepend("localhost"))
            names.AddDnsName(host);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 signed = request.Create(_authority, now.AddDays(-1), now.AddDays(100), Guid.NewGuid().ToByteArray());
        return signed.CopyWithPrivateKey(key);
    }
}

using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>A certificate with its private key, ready for handshakes. Immutable.</summary>
internal sealed class ServerCertificate
{
    private ServerCertificate(SslStreamCertificateContext context) => Context = context;

    /// <summary>What handshakes use: the certificate, and the certificates of its authorities as far as the file has them.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>The first moment at which clients refuse it, in UTC.</summary>
    public DateTimeOffset ExpiresAt => AuthorityCertificate.ExpiryOf(Context.TargetCertificate);

    /// <summary>Reads a certificate.</summary>
    /// <param name="certificatePath">A PEM file: the certificate first, then those of its authorities.</param>
    /// <param name="keyPath">A PEM file with the private key; it may be the same file.</param>
    /// <exception cref="CertificateException">A file cannot be read, or does not contain what it should.</exception>
    public static ServerCertificate Read(string certificatePath, string keyPath)
    {
        bool isSameFile = keyPath == certificatePath;
        string certificates = PemFile.Read(ConfigurationCatalog.TlsCertificate, certificatePath);
        string key = isSameFile ? certificates : PemFile.Read(ConfigurationCatalog.TlsKey, keyPath);
        X509Certificate2Collection chain = PemFile.ParseCertificates(ConfigurationCatalog.TlsCertificate, certificatePath, certificates);
        try
        {
            return Create(X509Certificate2.CreateFromPem(certificates, key), chain);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new CertificateException(
                isSameFile ? ConfigurationCatalog.TlsCertificate : ConfigurationCatalog.TlsKey, keyPath,
                isSameFile ? "does not contain the private key of its first certificate, without a password"
                    : $"does not contain the private key of the first certificate in {certificatePath}, without a password",
                isSameFile ? $"set {ConfigurationCatalog.TlsKey.Name} to the file of the key" : "write the key that belongs to the certificate",
                failure);
        }
    }

    /// <summary>Makes one of a certificate with its key and the certificates that are sent with it.</summary>
    public static ServerCertificate Create(X509Certificate2 certificate, X509Certificate2Collection chain) =>
        new(SslStreamCertificateContext.Create(certificate, chain, offline: true));
}

using System.Security.Cryptography.X509Certificates;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>The authorities whose clients may read the metrics page without a key. Thread-safe.</summary>
internal sealed class MetricsClients
{
    private readonly X509Certificate2Collection _authorities;

    /// <param name="path">Absolute path of a PEM file with at least one certificate.</param>
    /// <exception cref="CertificateException">The file cannot be used.</exception>
    public MetricsClients(string path) => _authorities = PemFile.ParseCertificates(
        ConfigurationCatalog.TlsMetricsClients, path, PemFile.Read(ConfigurationCatalog.TlsMetricsClients, path));

    /// <summary>Whether one of the authorities signed a client's certificate, for clients, and it is valid now.</summary>
    /// <param name="certificate">The certificate that the client proved to have.</param>
    /// <param name="sent">The other certificates that it sent.</param>
    public bool Accepts(X509Certificate2 certificate, X509Certificate2Collection sent)
    {
        using var chain = new X509Chain { ChainPolicy = TrustedAuthorities.PolicyFor(_authorities, TrustedAuthorities.ForClients) };
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        return chain.Build(certificate);
    }
}

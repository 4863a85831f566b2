using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>Reads the small text files of certificates.</summary>
internal static class PemFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads a file of at most 1 MiB.</summary>
    /// <param name="option">The option that names the file.</param>
    /// <param name="path">Its path.</param>
    /// <exception cref="CertificateException">It cannot be read, is not a regular file, or is larger.</exception>
    public static string Read(ConfigurationOption option, string path)
    {
        try
        {
            // Opening a pipe would wait for its other end.
            if (FileStatus.Of(path) is { Exists: true, IsRegular: false })
                throw new IOException("it is not a regular file");
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaxBytes)
                throw new IOException($"it is larger than {MaxBytes >> 20} MiB");
            using var reader = new StreamReader(file, Encoding.ASCII);
            return reader.ReadToEnd();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException(
                option, path, $"cannot be read: {failure.Message.TrimEnd('.')}", "name a PEM file that this user can read", failure);
        }
    }

    /// <summary>Reads all certificates of a text.</summary>
    /// <exception cref="CertificateException">There is none, or one is damaged.</exception>
    public static X509Certificate2Collection ParseCertificates(ConfigurationOption option, string path, string text)
    {
        const string Remedy = "name a PEM file with a block \"BEGIN CERTIFICATE\"";
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException failure)
        {
            throw new CertificateException(option, path, $"does not contain a certificate in PEM: {failure.Message.TrimEnd('.')}", Remedy, failure);
        }

        return certificates.Count > 0 ? certificates : throw new CertificateException(option, path, "does not contain a certificate in PEM", Remedy);
    }
}

using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Hosting.Tls;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting.Tls;

public sealed class CertificateFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority;
    private readonly FakeTimeProvider _time = new();
    private readonly ListLogger<CertificateFiles> _log = new();

    public CertificateFilesTests() => _authority = new TestCertificates(_folder);

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_new_certificate_is_used_a_second_later()
    {
        (string certificate, string key) = Write("first");
        var files = new CertificateFiles(certificate, key, _time, _log);
        Assert.Equal("CN=first", SubjectOf(files));

        Write("second");
        Assert.Equal("CN=first", SubjectOf(files));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("CN=second", SubjectOf(files));
        Assert.Contains("New connections use the new certificate in", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_without_its_key_is_used_when_the_key_is_there()
    {
        (string certificate, string key) = Write("first");
        var files = new CertificateFiles(certificate, key, _time, _log);
        using X509Certificate2 next = _authority.Server("second");
        (string otherCertificate, string otherKey) = _authority.Write(next, "other");

        File.Move(otherCertificate, certificate, overwrite: true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=first", SubjectOf(files));
        Assert.Contains("does not contain the private key of the first certificate", Assert.Single(_log.Lines), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=first", SubjectOf(files));
        Assert.Single(_log.Lines);

        File.Move(otherKey, key, overwrite: true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=second", SubjectOf(files));
    }

    [Fact]
    public void A_link_to_another_folder_is_followed_as_certbot_and_Kubernetes_renew()
    {
        string link = _folder.PathOf("current");
        foreach (string name in (string[])["first", "second"])
        {
            Directory.CreateDirectory(_folder.PathOf(name));
            using X509Certificate2 made = _authority.Server(name);
            _authority.Write(made, $"{name}/tls");
        }

        Directory.CreateSymbolicLink(link, _folder.PathOf("first"));
        var files = new CertificateFiles(Path.Join(link, "tls.pem"), Path.Join(link, "tls.key"), _time, _log);
        Directory.Delete(link);
        Directory.CreateSymbolicLink(link, _folder.PathOf("second"));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("CN=second", SubjectOf(files));
    }

    [Theory]
    [InlineData("", "does not contain a certificate in PEM")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "does not contain a certificate in PEM")]
    public void A_file_without_a_certificate_is_refused(string text, string expected)
    {
        string certificate = _folder.Write("bad.pem", text);

        string message = Assert.Throws<CertificateException>(() => new CertificateFiles(certificate, certificate, _time, _log)).Message;

        Assert.StartsWith($"{certificate} {expected}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_be_read_are_named()
    {
        (string certificate, string key) = Write("first");
        string pipe = _folder.MakePipe("pipe");

        Assert.StartsWith($"{key}.missing cannot be read: ", ProblemOf(certificate, key + ".missing"), StringComparison.Ordinal);
        Assert.StartsWith($"{pipe} cannot be read: it is not a regular file", ProblemOf(pipe, key), StringComparison.Ordinal);
        Assert.StartsWith($"{certificate} does not contain ", ProblemOf(certificate, certificate), StringComparison.Ordinal);

        string ProblemOf(string certificatePath, string keyPath) =>
            Assert.Throws<CertificateException>(() => new CertificateFiles(certificatePath, keyPath, _time, _log)).Message;
    }

    private (string Certificate, string Key) Write(string commonName)
    {
        using X509Certificate2 certificate = _authority.Server(commonName);
        return _authority.Write(certificate, "server");
    }

    private static string SubjectOf(CertificateFiles files) => files.Current.Context.TargetCertificate.Subject;
}

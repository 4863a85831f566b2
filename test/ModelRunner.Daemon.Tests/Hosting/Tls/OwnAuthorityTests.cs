using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting.Tls;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting.Tls;

public sealed class OwnAuthorityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ListLogger<OwnAuthority> _log = new();
    private IPAddress _bind = IPAddress.Loopback;

    private string KeyPath => _folder.PathOf("state/tls/authority.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_private_and_the_next_start_has_the_same()
    {
        OwnAuthority first = Open();

        Assert.Equal(first.Fingerprint, Open().Fingerprint);
        Assert.Matches("^([0-9A-F]{2}:){31}[0-9A-F]{2}$", first.Fingerprint);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.PathOf("state/tls")));
        Assert.All(_log.Lines, line => Assert.Contains(first.Fingerprint, line, StringComparison.Ordinal));
    }

    [Fact]
    public void Its_certificate_is_for_this_machine_and_signed_by_it()
    {
        _bind = IPAddress.Parse("192.0.2.7");
        OwnAuthority authority = Open();
        X509Certificate2 certificate = authority.Current.Context.TargetCertificate;
        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(_folder.PathOf("state/tls/authority.pem"));
        using var chain = new X509Chain
        {
            ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { root } },
        };

        Assert.True(chain.Build(certificate));
        foreach (string name in (string[])["localhost", "127.0.0.1", "::1", "192.0.2.7", "box.example", "model-runner.docker.internal", Dns.GetHostName()])
            Assert.True(certificate.MatchesHostname(name, allowCommonName: false), name);
        Assert.False(certificate.MatchesHostname("other.example", allowCommonName: false));
    }

    [Fact]
    public void A_certificate_is_renewed_before_its_end_and_when_addresses_change()
    {
        OwnAuthority authority = Open();
        ServerCertificate first = authority.Current;

        _time.Advance(TimeSpan.FromDays(59));
        Assert.Same(first, authority.Current);
        _time.Advance(TimeSpan.FromDays(2));
        ServerCertificate second = authority.Current;
        Assert.True(second.ExpiresAt > first.ExpiresAt.AddDays(60));

        _bind = IPAddress.Parse("192.0.2.8");
        Assert.Same(second, authority.Current);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(authority.Current.Context.TargetCertificate.MatchesHostname("192.0.2.8"));
    }

    [Fact]
    public void An_authority_that_expires_soon_is_replaced()
    {
        string before = Open().Fingerprint;
        _time.Advance(AuthorityCertificate.AuthorityAge - TimeSpan.FromDays(29));

        Assert.NotEqual(before, Open().Fingerprint);
        Assert.Contains(_log.Lines, static line => line.Contains("is replaced, because it expires soon", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite, "others may change it")]
    [InlineData(UnixFileMode.OtherRead, "others may read its key")]
    public void A_key_that_others_could_have_is_not_used(UnixFileMode more, string reason)
    {
        string before = Open().Fingerprint;
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);

        Assert.NotEqual(before, Open().Fingerprint);
        Assert.Contains(_log.Lines, line => line.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
    }

    [Fact]
    public void An_authority_without_its_key_is_replaced()
    {
        string before = Open().Fingerprint;
        File.Delete(KeyPath);

        Assert.NotEqual(before, Open().Fingerprint);
        Assert.Contains(_log.Lines, static line => line.Contains("is replaced, because its key is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void A_damaged_file_is_replaced()
    {
        string before = Open().Fingerprint;
        File.WriteAllText(KeyPath, "no key");

        Assert.NotEqual(before, Open().Fingerprint);
        Assert.Contains(_log.Lines, static line => line.Contains("because it cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        _folder.Write("state", "a file");

        Assert.StartsWith(
            $"{_folder.PathOf("state/tls")} cannot keep an authority: ", Assert.Throws<CertificateException>(Open).Message, StringComparison.Ordinal);
    }

    private OwnAuthority Open() => new(
        new TlsSettings(null, null, _folder.PathOf("state/tls"), null), () => ServerNames.Find(_bind, ["box.example"]), _time, _log);
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>
/// The daemon's own authority, which is kept in the state folder, and the certificate that it signs. That certificate has no file: each start
/// makes a new one, and so does a running daemon when it becomes old or the addresses of the machine change.
/// </summary>
internal sealed class OwnAuthority : ICertificateSource
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const int ReadableByOthers = 0x24; // octal 0044

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>An authority or a certificate that expires sooner is replaced.</summary>
    private static readonly TimeSpan MinRest = TimeSpan.FromDays(30);

    private readonly Func<ServerNames> _names;
    private readonly TimeProvider _time;
    private readonly X509Certificate2 _authority;
    private readonly Lock _lock = new();
    private volatile ServerCertificate _current;
    private ServerNames _shownNames;
    private long _lookedAt;

    /// <param name="settings">Where the authority is kept.</param>
    /// <param name="names">The names and addresses of the daemon now.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="CertificateException">The folder cannot be used.</exception>
    public OwnAuthority(TlsSettings settings, Func<ServerNames> names, TimeProvider time, ILogger<OwnAuthority> logger)
    {
        (_names, _time) = (names, time);
        string folder = settings.AuthorityFolder!;
        try
        {
            // Only the last folder of a path gets the mode.
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!, OnlyOwner);
            Directory.CreateDirectory(folder, OnlyOwner);
            _authority = Load(settings.AuthorityPath!, KeyPath(folder), out string? problem) is { } found ? found : Create(folder, problem);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException(
                ConfigurationCatalog.TlsAuto, folder, $"cannot keep an authority: {failure.Message.TrimEnd('.')}",
                $"set {ConfigurationCatalog.StatePath.Name} to a folder that this user can write to", failure);
        }

        logger.LogAuthority(settings.AuthorityPath!, Fingerprint, AuthorityCertificate.ExpiryOf(_authority));
        _shownNames = names();
        _current = Sign();

        X509Certificate2 Create(string path, string? problem)
        {
            if (problem is not null)
                logger.LogReplaced(path, problem);
            X509Certificate2 created = AuthorityCertificate.CreateAuthority(System.Net.Dns.GetHostName(), time.GetUtcNow());
            using ECDsa key = created.GetECDsaPrivateKey()!;
            DurableFile.ReplacePrivately(KeyPath(folder), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            DurableFile.ReplacePrivately(settings.AuthorityPath!, Encoding.ASCII.GetBytes(created.ExportCertificatePem() + "\n"));
            return created;
        }
    }

    /// <summary>The SHA-256 of the authority's certificate, as other programs show it: pairs of hexadecimal digits, with colons.</summary>
    public string Fingerprint => string.Join(
        ':', Convert.ToHexString(_authority.GetCertHash(HashAlgorithmName.SHA256)).Chunk(2).Select(static pair => new string(pair)));

    /// <inheritdoc/>
    public ServerCertificate Current
    {
        get
        {
            lock (_lock)
            {
                if (_time.GetElapsedTime(_lookedAt) >= Interval)
                    Refresh();
            }

            return _current;
        }
    }

    private static string KeyPath(string folder) => Path.Join(folder, "authority.key");

    private void Refresh()
    {
        _lookedAt = _time.GetTimestamp();
        ServerNames names = _names();
        if (names.Equals(_shownNames) && _current.ExpiresAt - _time.GetUtcNow() > MinRest)
            return;
        _shownNames = names;
        _current = Sign();
    }

    private ServerCertificate Sign()
    {
        _lookedAt = _time.GetTimestamp();
        X509Certificate2 certificate = AuthorityCertificate.CreateServer(_authority, _shownNames, _time.GetUtcNow());
        return ServerCertificate.Create(certificate, []);
    }

    private X509Certificate2? Load(string path, string keyPath, out string? problem)
    {
        problem = null;
        if (!File.Exists(path) && !File.Exists(keyPath))
            return null;
        try
        {
            problem = ProblemOf(keyPath);
            if (problem is not null)
                return null;
            X509Certificate2 found = X509Certificate2.CreateFromPem(
                PemFile.Read(ConfigurationCatalog.TlsAuto, path), PemFile.Read(ConfigurationCatalog.TlsAuto, keyPath));
            if (AuthorityCertificate.ExpiryOf(found) - _time.GetUtcNow() > MinRest)
                return found;
            problem = "it expires soon";
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException or CertificateException)
        {
            problem = $"it cannot be read ({failure.Message})";
        }

        return null;
    }

    // Whoever has the key can pretend to be any server for the clients that trust the authority.
    private static string? ProblemOf(string keyPath)
    {
        FileStatus status = FileStatus.Of(keyPath);
        if (!status.Exists)
            return "its key is missing";
        if (!status.IsPrivate)
            return "its key belongs to another user, or others may change it";
        return (status.Mode & ReadableByOthers) == 0 ? null : "others may read its key";
    }
}

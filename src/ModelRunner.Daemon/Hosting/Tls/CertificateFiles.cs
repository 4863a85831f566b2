using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>A certificate in files that somebody renews. A new one is used for handshakes a second after it was written.</summary>
internal sealed class CertificateFiles : ICertificateSource
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string _certificatePath;
    private readonly string _keyPath;
    private readonly TimeProvider _time;
    private readonly ILogger<CertificateFiles> _logger;
    private readonly Lock _lock = new();
    private volatile ServerCertificate _current;
    private (Stamp Certificate, Stamp Key) _read;
    private long _lookedAt;

    /// <param name="certificatePath">Absolute path of the certificate.</param>
    /// <param name="keyPath">Absolute path of its key.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="CertificateException">The files cannot be used.</exception>
    public CertificateFiles(string certificatePath, string keyPath, TimeProvider time, ILogger<CertificateFiles> logger)
    {
        (_certificatePath, _keyPath, _time, _logger) = (certificatePath, keyPath, time, logger);
        _read = Look();
        _lookedAt = time.GetTimestamp();
        _current = ServerCertificate.Read(certificatePath, keyPath);
    }

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

    // If the files do not match yet because only one of them was replaced, the next look reads them again.
    private void Refresh()
    {
        _lookedAt = _time.GetTimestamp();
        (Stamp Certificate, Stamp Key) found = Look();
        if (found == _read)
            return;
        try
        {
            _current = ServerCertificate.Read(_certificatePath, _keyPath);
            _logger.LogRenewed(_certificatePath, _current.ExpiresAt);
        }
        catch (CertificateException failure)
        {
            _logger.LogNotRenewed(failure.Message);
        }

        _read = found;
    }

    private (Stamp Certificate, Stamp Key) Look() => (Stamp.Of(_certificatePath), Stamp.Of(_keyPath));

    // What changes if a file is replaced or written again. A path that is a link changes with the file to which it leads.
    private readonly record struct Stamp(FileId Id, long SizeBytes, DateTimeOffset Written)
    {
        public static Stamp Of(string path) => FileStatus.Of(path) is var status ? new Stamp(status.Id, status.SizeBytes, status.Written) : default;
    }
}

using ModelRunner.Configuration;

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
    private (FileStamp Certificate, FileStamp Key) _read;
    private long _lookedAt;
    private string? _problem;

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

    // Files that cannot be used are read again at the next look: perhaps only one of them was replaced so far, or a file is not complete yet.
    private void Refresh()
    {
        _lookedAt = _time.GetTimestamp();
        (FileStamp Certificate, FileStamp Key) found = Look();
        if (found == _read && _problem is null)
            return;
        try
        {
            _current = ServerCertificate.Read(_certificatePath, _keyPath);
            _problem = null;
            _logger.LogRenewed(_certificatePath, _current.ExpiresAt);
        }
        catch (CertificateException failure)
        {
            if (failure.Message != _problem)
                _logger.LogNotRenewed(failure.Message);
            _problem = failure.Message;
        }

        _read = found;
    }

    private (FileStamp Certificate, FileStamp Key) Look() => (FileStamp.Of(_certificatePath), FileStamp.Of(_keyPath));
}

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>Where the server's certificate comes from. Thread-safe.</summary>
internal interface ICertificateSource
{
    /// <summary>The certificate for a handshake that begins now. Cheap: it looks for a new one from time to time.</summary>
    ServerCertificate Current { get; }
}

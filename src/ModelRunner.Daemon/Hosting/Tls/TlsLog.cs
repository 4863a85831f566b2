namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>Log events about certificates.</summary>
internal static partial class TlsLog
{
    [LoggerMessage(LogLevel.Information, "New connections use the new certificate in {Path}, which expires {ExpiresAt:u}.")]
    public static partial void LogRenewed(this ILogger<CertificateFiles> logger, string path, DateTimeOffset expiresAt);

    [LoggerMessage(LogLevel.Warning, "The new certificate cannot be used, so the one before stays in use: {Problem}")]
    public static partial void LogNotRenewed(this ILogger<CertificateFiles> logger, string problem);

    [LoggerMessage(LogLevel.Information, "Clients have to trust the authority {Path} (SHA-256 {Fingerprint}), which expires {ExpiresAt:u}.")]
    public static partial void LogAuthority(this ILogger<OwnAuthority> logger, string path, string fingerprint, DateTimeOffset expiresAt);

    [LoggerMessage(LogLevel.Warning, "The authority in {Folder} is replaced, because {Reason}. Clients have to trust the new one.")]
    public static partial void LogReplaced(this ILogger<OwnAuthority> logger, string folder, string reason);
}

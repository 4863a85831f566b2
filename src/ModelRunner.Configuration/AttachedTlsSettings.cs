namespace ModelRunner.Configuration;

/// <summary>How the certificate of an attached server is checked.</summary>
/// <param name="Authorities">PEM text with the certificates of the authorities to trust instead of the system's; null: the system's.</param>
/// <param name="IsVerified">False: any certificate is accepted.</param>
internal sealed record AttachedTlsSettings(string? Authorities, bool IsVerified);

namespace ModelRunner.Configuration;

/// <summary>How the certificate of an attached server is checked.</summary>
/// <param name="CaFile">Absolute path of a PEM file with the authorities to trust instead of the system's; null: the system's.</param>
/// <param name="IsVerified">False: any certificate is accepted.</param>
internal sealed record AttachedTlsSettings(string? CaFile, bool IsVerified);

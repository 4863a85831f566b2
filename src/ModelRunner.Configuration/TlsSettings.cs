namespace ModelRunner.Configuration;

/// <summary>TLS of the daemon's TCP port. Either the files of a certificate are set, or the folder of the daemon's own authority.</summary>
/// <param name="CertificatePath">Absolute path of a PEM file: the certificate of the server and those of its authorities; null: none.</param>
/// <param name="KeyPath">Absolute path of a PEM file with the private key; null: the certificate's file has it.</param>
/// <param name="AuthorityFolder">Absolute path of the folder in which the daemon keeps an authority of its own; null: none.</param>
/// <param name="MetricsClientsPath">
/// Absolute path of a PEM file with the authorities of clients that may read the metrics page without a key; null: none.
/// </param>
internal sealed record TlsSettings(string? CertificatePath, string? KeyPath, string? AuthorityFolder, string? MetricsClientsPath)
{
    /// <summary>The file of the daemon's own authority, which clients have to trust; null: the daemon has none.</summary>
    public string? AuthorityPath => AuthorityFolder is null ? null : Path.Join(AuthorityFolder, "authority.pem");
}

namespace ModelRunner.Client;

/// <summary>The daemon's address: exactly one of socket and HTTP address is set.</summary>
/// <param name="SocketPath">Absolute path of its Unix socket.</param>
/// <param name="Address">Its http or https address.</param>
/// <param name="Source">Where the address comes from.</param>
internal sealed record DaemonAddress(string? SocketPath, Uri? Address, AddressSource Source)
{
    /// <summary>Absolute path of the PEM file of the authority that signs its certificate; null: one that the system trusts.</summary>
    public string? AuthorityPath { get; init; }

    /// <inheritdoc/>
    public override string ToString() => SocketPath is null ? Address!.GetLeftPart(UriPartial.Authority) : $"unix:{SocketPath}";
}

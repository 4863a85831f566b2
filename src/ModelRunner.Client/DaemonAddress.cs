namespace ModelRunner.Client;

/// <summary>Where the daemon is: exactly one of socket and address is set.</summary>
/// <param name="SocketPath">Absolute path of its Unix socket.</param>
/// <param name="Address">Its http address.</param>
/// <param name="Source">Who says so.</param>
internal sealed record DaemonAddress(string? SocketPath, Uri? Address, AddressSource Source)
{
    /// <inheritdoc/>
    public override string ToString() => SocketPath is null ? Address!.GetLeftPart(UriPartial.Authority) : $"unix:{SocketPath}";
}

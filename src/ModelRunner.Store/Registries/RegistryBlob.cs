namespace ModelRunner.Store.Registries;

/// <summary>The bytes of a file in a registry, while they arrive.</summary>
/// <param name="Body">
/// The bytes. Reading fails with a <see cref="Http.RemoteException"/> if they stop. They may be too few, too many or wrong: the reader compares
/// them with the descriptor.
/// </param>
/// <param name="Start">
/// The offset in the file at which they begin: the offset that was asked for or, if the server does not send parts, 0.
/// </param>
/// <param name="Etag">What a later request for the rest passes as <see cref="BlobRequest.Etag"/>; null: the server has none.</param>
/// <param name="Host">The server that sends the bytes.</param>
internal sealed record RegistryBlob(Stream Body, long Start, string? Etag, string Host) : IAsyncDisposable
{
    /// <summary>The response that owns the connection.</summary>
    public required IDisposable Response { get; init; }

    /// <summary>Closes the connection if bytes are left.</summary>
    public async ValueTask DisposeAsync()
    {
        await Body.DisposeAsync();
        Response.Dispose();
    }
}

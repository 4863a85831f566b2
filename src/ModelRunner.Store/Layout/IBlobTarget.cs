namespace ModelRunner.Store.Layout;

/// <summary>What gets the bytes of a file from a server, and checks their digest at the end. Not safe for several threads.</summary>
internal interface IBlobTarget
{
    /// <summary>Bytes that it has and that are hashed.</summary>
    long Length { get; }

    /// <summary>Bytes that are still missing.</summary>
    long Missing { get; }

    /// <summary>Drops all bytes.</summary>
    void Restart();

    /// <summary>Adds bytes at the end.</summary>
    /// <exception cref="StoreException">There are more bytes than the file may have, or there is no space.</exception>
    /// <exception cref="IOException">They cannot be written.</exception>
    ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Checks the digest. Then nothing may be added any more.</summary>
    /// <exception cref="StoreException">Bytes are missing, or they are wrong.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    void Complete();
}

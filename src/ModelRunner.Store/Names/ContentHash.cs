using System.Security.Cryptography;

namespace ModelRunner.Store.Names;

/// <summary>
/// Computes digests. It needs OpenSSL, without which the process aborts: callers check once, before a pull, a push or a load, that the library is
/// present (docs/decisions/0022). Reading a store needs no hash.
/// </summary>
internal static class ContentHash
{
    /// <summary>Begins a hash whose result can be compared with a digest.</summary>
    public static IncrementalHash Begin(Digest expected) =>
        IncrementalHash.CreateHash(expected.Algorithm == Digest.Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);

    /// <summary>The digest of the bytes that a hash has read. The hash is reset.</summary>
    public static Digest End(IncrementalHash hash) =>
        new(hash.AlgorithmName == HashAlgorithmName.SHA512 ? Digest.Sha512 : Digest.Sha256, Convert.ToHexStringLower(hash.GetHashAndReset()));

    /// <summary>The SHA-256 of some bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> bytes) => Of(bytes, Digest.Sha256);

    /// <summary>Whether some bytes have a digest.</summary>
    public static bool Matches(ReadOnlySpan<byte> bytes, Digest digest) => Of(bytes, digest.Algorithm) == digest;

    private static Digest Of(ReadOnlySpan<byte> bytes, string algorithm)
    {
#pragma warning disable RS0030 // Callers check that OpenSSL is present.
        return new Digest(algorithm, Convert.ToHexStringLower(algorithm == Digest.Sha512 ? SHA512.HashData(bytes) : SHA256.HashData(bytes)));
#pragma warning restore RS0030
    }
}

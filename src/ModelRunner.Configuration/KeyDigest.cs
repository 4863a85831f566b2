using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ModelRunner.Configuration;

/// <summary>The SHA-256 of a key: all that the daemon keeps of it.</summary>
internal sealed class KeyDigest
{
    /// <summary>The most characters of a key.</summary>
    public const int MaxKeyLength = 4096;

    private readonly byte[] _bytes;

    private KeyDigest(byte[] bytes) => _bytes = bytes;

    /// <summary>The digest of a key.</summary>
    public static KeyDigest Of(string key)
    {
        byte[] text = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(key.Length));
        try
        {
            return new KeyDigest(Sha256.Hash(text.AsSpan(0, Encoding.UTF8.GetBytes(key, text))));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text, clearArray: true);
        }
    }

    /// <summary>Reads 64 hexadecimal digits; null if the text is something else.</summary>
    public static KeyDigest? TryParse(string text)
    {
        byte[] bytes = new byte[Sha256.DigestBytes];
        return text.Length == 2 * bytes.Length && Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done ? new KeyDigest(bytes) : null;
    }

    /// <summary>Whether both are the digest of the same key. The time does not depend on the digests.</summary>
    public bool IsSameAs(KeyDigest other) => CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <summary>64 hexadecimal digits in lower case.</summary>
    public override string ToString() => Convert.ToHexString(_bytes).ToLower(CultureInfo.InvariantCulture);
}

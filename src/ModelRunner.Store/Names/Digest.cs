using System.Buffers;

namespace ModelRunner.Store.Names;

/// <summary>
/// The hash that names a file of an artifact: <c>sha256:</c> and 64 lower-case hexadecimal digits, or <c>sha512:</c> and 128. A value that was
/// parsed is safe as a part of a path and of a URL.
/// </summary>
/// <param name="Algorithm"><c>sha256</c> or <c>sha512</c>.</param>
/// <param name="Hex">The digits.</param>
internal readonly record struct Digest(string Algorithm, string Hex)
{
    /// <summary>The algorithm of nearly all digests.</summary>
    public const string Sha256 = "sha256";

    /// <summary>The algorithm that is read but never written.</summary>
    public const string Sha512 = "sha512";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The first 12 digits, the short form that people use.</summary>
    public string Short => Hex[..12];

    /// <summary>Reads a digest. Upper-case digits, other algorithms and other lengths are refused (OCI image specification, "Digests").</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.IndexOf(':', StringComparison.Ordinal) is var colon && colon < 0)
            return false;

        string algorithm = text[..colon];
        string hex = text[(colon + 1)..];
        int length = algorithm switch { Sha256 => 64, Sha512 => 128, _ => -1 };
        if (hex.Length != length || !IsHex(hex))
            return false;
        digest = new Digest(algorithm, hex);
        return true;
    }

    /// <summary>Whether all characters are lower-case hexadecimal digits.</summary>
    public static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(HexDigits);

    /// <inheritdoc/>
    public override string ToString() => $"{Algorithm}:{Hex}";
}

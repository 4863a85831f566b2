using System.Buffers;
using System.Globalization;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Ids of models in the form of Docker Model Runner, <c>sha256:</c> and 64 digits: its command line fails for any other. For a model of a store it is the
/// digest of its manifest. Any other model has no manifest; its id follows from its name, and from the size and the last write of its file.
/// </summary>
internal static class ModelIds
{
    private const int MinDigits = 12;
    private const string Algorithm = $"{Digest.Sha256}:";

    private static readonly SearchValues<char> AnyCase = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>The id of a model without a manifest.</summary>
    public static Digest Compute(string reference, long sizeBytes, DateTimeOffset written)
    {
        string identity = string.Create(CultureInfo.InvariantCulture, $"{reference}\n{sizeBytes}\n{written.UtcTicks}");
        return new Digest(Digest.Sha256, Convert.ToHexStringLower(Sha256.Hash(Encoding.UTF8.GetBytes(identity))));
    }

    /// <summary>Whether a text looks like an id and is none, because it has too few or too many digits or upper-case letters.</summary>
    public static bool LooksLikeId(string written) => written.StartsWith(Algorithm, StringComparison.OrdinalIgnoreCase)
        && written.AsSpan(Algorithm.Length).IndexOfAnyExcept(AnyCase) < 0 && DigitsOf(written, out _) is null;

    /// <summary>The digits of an id, or of its beginning, as a client may write it; null: it is none.</summary>
    /// <param name="written">The text: 12 or 64 digits, or <c>sha256:</c> and 12 to 64 digits.</param>
    /// <param name="hasAlgorithm">Whether it begins with <c>sha256:</c>, as hardly any name does.</param>
    public static string? DigitsOf(string written, out bool hasAlgorithm)
    {
        hasAlgorithm = written.StartsWith(Algorithm, StringComparison.Ordinal);
        string hex = hasAlgorithm ? written[Algorithm.Length..] : written;
        bool isLongEnough = hex.Length is MinDigits or 64 || (hasAlgorithm && hex.Length is > MinDigits and < 64);
        return isLongEnough && Digest.IsHex(hex) ? hex : null;
    }
}

using System.Buffers;
using System.Globalization;

namespace ModelRunner.Linux.Graphics;

/// <summary>
/// The name of a graphics card: its PCI address as the kernel writes it, for instance <c>0000:65:00.0</c>. It is the same for all drivers and
/// does not depend on the order in which a program numbers the cards.
/// </summary>
internal static class CardName
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    /// <summary>The name of the first function of a PCI device.</summary>
    public static string Of(uint domain, uint bus, uint device) => string.Create(CultureInfo.InvariantCulture, $"{domain:x4}:{bus:x2}:{device:x2}.0");

    /// <summary>Whether a text has the form of a name.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        // The domain has four digits or more.
        int colon = text.IndexOf(':');
        ReadOnlySpan<char> rest = colon is >= 4 and <= 8 ? text[(colon + 1)..] : default;
        return rest.Length == 7 && rest[2] == ':' && rest[5] == '.' && IsHexadecimal(text[..colon]) && IsHexadecimal(rest[..2])
            && IsHexadecimal(rest[3..5]) && char.IsAsciiDigit(rest[6]);
    }

    private static bool IsHexadecimal(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Digits);
}

using System.Text;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>What the validators of both formats do alike with a whole page.</summary>
internal static class PageText
{
    /// <summary>Reads a page, or throws <see cref="InvalidPageException"/>.</summary>
    public delegate IReadOnlyList<PageFamily> Reader(ReadOnlySpan<byte> page);

    /// <summary>The page as text.</summary>
    /// <exception cref="InvalidPageException">It is not UTF-8.</exception>
    public static string Decode(ReadOnlySpan<byte> page)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(page);
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidPageException("not UTF-8");
        }
    }

    /// <summary>The rule that a page breaks, or null for one that keeps all of them.</summary>
    public static string? Problem(Reader reader, ReadOnlySpan<byte> page)
    {
        try
        {
            reader(page);
            return null;
        }
        catch (InvalidPageException broken)
        {
            return broken.Message;
        }
    }
}

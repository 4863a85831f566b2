using System.Text;

namespace ModelRunner.Store.Http;

/// <summary>Text of other machines, made fit for one line of an error.</summary>
internal static class Texts
{
    /// <summary>The first characters. Control characters, line breaks and what is no text become single spaces.</summary>
    public static string Printable(string text, int limit)
    {
        var result = new StringBuilder(Math.Min(text.Length, limit));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (result.Length >= limit)
                return result.Append('…').ToString();
            bool isText = !Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune) && rune != Rune.ReplacementChar
                && Rune.GetUnicodeCategory(rune) is not (System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator);
            if (isText)
                result.Append(rune.ToString());
            else if (result.Length > 0 && result[^1] != ' ')
                result.Append(' ');
        }

        return result.ToString().TrimEnd();
    }
}

using System.Globalization;
using System.Text;

namespace ModelRunner.Linux.Terminals;

/// <summary>Escapes text of unknown origin for one line of a terminal or a log.</summary>
internal static class PlainText
{
    private const string Cut = "…";

    /// <summary>
    /// Escapes all characters that could end a line or control a terminal: control characters, line and paragraph separators, bidirectional
    /// marks and lone surrogates (CWE-117). Returns the same string where there are none.
    /// </summary>
    public static string Escape(string text)
    {
        foreach (char character in text)
            if (IsUnsafe(character) || char.IsSurrogate(character))
                return EscapeSlowly(text);

        return text;
    }

    /// <summary>As <see cref="Escape"/>, with at most <paramref name="maxLength"/> characters of the original.</summary>
    public static string EscapeAndCut(string text, int maxLength) =>
        text.Length <= maxLength ? Escape(text) : Escape(text[..maxLength]) + Cut;

    private static string EscapeSlowly(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (char.IsHighSurrogate(character) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                escaped.Append(character).Append(text[++i]);
            else if (IsUnsafe(character) || char.IsSurrogate(character))
                AppendEscape(escaped, character);
            else
                escaped.Append(character);
        }

        return escaped.ToString();
    }

    private static void AppendEscape(StringBuilder escaped, char character) => _ = character switch
    {
        '\n' => escaped.Append("\\n"),
        '\r' => escaped.Append("\\r"),
        '\t' => escaped.Append("\\t"),
        < (char)0x100 => escaped.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}"),
        _ => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
    };

    private static bool IsUnsafe(char character) => character is
        < ' ' or (>= '\u007f' and <= '\u009f') or '\u2028' or '\u2029' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e')
        or (>= '\u2066' and <= '\u2069');
}

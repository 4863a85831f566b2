using System.Globalization;
using System.Text;

namespace ModelRunner.Linux.Terminals;

/// <summary>Escapes text of unknown origin for one line of a terminal or a log.</summary>
internal static class PlainText
{
    private const string Cut = "…";

    /// <summary>
    /// Escapes all characters that could end a line or control a terminal: control characters, line and paragraph separators, bidirectional
    /// marks and lone surrogates (CWE-117).
    /// </summary>
    public static string Escape(string text) => IsPlain(text) ? text : EscapeSlowly(text);

    /// <summary>Whether <see cref="Escape"/> would change nothing.</summary>
    public static bool IsPlain(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (IsPair(text, i))
                i++;
            else if (IsUnsafe(text[i]))
                return false;
        }

        return true;
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
            if (IsPair(text, i))
                escaped.Append(character).Append(text[++i]);
            else if (IsUnsafe(character))
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

    private static bool IsPair(string text, int index) => index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1]);

    // A surrogate that is not part of a pair is unsafe.
    private static bool IsUnsafe(char character) => char.IsSurrogate(character) || character is
        < ' ' or (>= '\u007f' and <= '\u009f') or '\u2028' or '\u2029' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e')
        or (>= '\u2066' and <= '\u2069');
}

using System.Text;

namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>
/// Text of which each character stands for one byte. So the oracle works with strings and still loses no byte of a body that is not UTF-8, and
/// ordinal order of strings is the order of the bytes.
/// </summary>
internal static class ByteText
{
    public static string From(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string FromUnicode(string text) => From(Encoding.UTF8.GetBytes(text));

    public static byte[] ToBytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string ToUnicode(string text) => Encoding.UTF8.GetString(ToBytes(text));

    public static bool IsUtf8(string text)
    {
        try
        {
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(ToBytes(text));
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Undoes the escapes; a backslash before anything else stands for itself.</summary>
    public static string Unescape(string text, bool quotes)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (text[i] != '\\' || !(next is 'n' or '\\' || (quotes && next == '"')))
            {
                result.Append(text[i]);
                // What follows a backslash is read as its second half, also where it is a backslash of no known escape.
                if (text[i] == '\\' && i + 1 < text.Length)
                    result.Append(text[++i]);
                continue;
            }

            result.Append(next == 'n' ? '\n' : next);
            i++;
        }

        return result.ToString();
    }

    public static string Escape(string text, bool quotes)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }
}

using System.Globalization;
using System.Text;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Writes pieces of llama.cpp's grammar notation.</summary>
internal static class GbnfText
{
    /// <summary>A literal for a text.</summary>
    public static string Literal(string text)
    {
        var literal = new StringBuilder("\"", text.Length + 2);
        foreach (Rune character in text.EnumerateRunes())
        {
            if (character.Value is >= 0x20 and < 0x7F and not '"' and not '\\')
                literal.Append((char)character.Value);
            else
                literal.Append(CultureInfo.InvariantCulture, $"\\U{character.Value:X8}");
        }

        return literal.Append('"').ToString();
    }

    /// <summary>Alternatives in parentheses; a single one unchanged.</summary>
    public static string Either(IReadOnlyCollection<string> alternatives) =>
        alternatives.Count == 1 ? alternatives.First() : "( " + string.Join(" | ", alternatives) + " )";
}

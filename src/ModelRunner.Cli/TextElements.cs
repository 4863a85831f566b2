using System.Globalization;

namespace ModelRunner.Cli;

/// <summary>The characters of a text as people see them: a letter with its accents, or a picture of several parts, is one.</summary>
internal static class TextElements
{
    // Longer than any character. It bounds the work in a long text.
    private const int Nearby = 256;

    /// <summary>Where the character before this place begins; 0 at the beginning.</summary>
    public static int Before(string text, int index)
    {
        int start = Math.Max(0, index - Nearby);
        if (start > 0 && char.IsLowSurrogate(text[start]))
            start--;
        int before = start;
        for (int next = start; next < index; next += Length(text, next))
            before = next;
        return before;
    }

    /// <summary>Where the character at this place ends; the length of the text at its end.</summary>
    public static int After(string text, int index) => index == text.Length ? index : index + Length(text, index);

    private static int Length(string text, int index) =>
        StringInfo.GetNextTextElementLength(text.AsSpan(index, Math.Min(Nearby, text.Length - index)));
}

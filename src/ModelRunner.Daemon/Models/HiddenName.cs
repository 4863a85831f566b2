namespace ModelRunner.Daemon.Models;

/// <summary>
/// Replaces a name in a text, such as the output of an engine. A longer name that contains it stays: <c>big-small:latest</c> is not <c>small:latest</c>.
/// </summary>
internal static class HiddenName
{
    /// <summary>The text with another word at each place where the name stands alone.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">The reference of a model, or a text that ends with one.</param>
    /// <param name="other">What takes its place.</param>
    public static string Replace(string text, string name, string other) => Replace(text, name, other, "-_/:.");

    /// <summary>The same for the name or the path of a file, which may follow a folder or a colon, and precede the number of a line.</summary>
    public static string ReplaceFile(string text, string name, string other) => Replace(text, name, other, "-_.");

    private static string Replace(string text, string name, string other, string joins)
    {
        for (int start = 0; text.IndexOf(name, start, StringComparison.Ordinal) is >= 0 and var found;)
        {
            int end = found + name.Length;
            bool isAlone = (found == 0 || !IsPart(text[found - 1], joins)) && !GoesOn(text, end, joins);
            if (isAlone)
                text = string.Concat(text.AsSpan(0, found), other, text.AsSpan(end));
            start = isAlone ? found + other.Length : found + 1;
        }

        return text;
    }

    private static bool IsPart(char letter, string joins) => char.IsLetterOrDigit(letter) || joins.Contains(letter, StringComparison.Ordinal);

    // A period or a colon that no name follows belongs to the sentence.
    private static bool GoesOn(string text, int end, string joins) => end < text.Length && IsPart(text[end], joins)
        && (text[end] is not ('.' or ':') || (end + 1 < text.Length && char.IsLetterOrDigit(text[end + 1])));
}

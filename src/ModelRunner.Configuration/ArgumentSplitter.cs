using System.Text;

namespace ModelRunner.Configuration;

/// <summary>
/// Splits a text into words as a shell does, without expansion: single quotes keep everything, double quotes keep everything except
/// <c>\"</c> and <c>\\</c>, a backslash outside quotes keeps the next character.
/// </summary>
internal static class ArgumentSplitter
{
    /// <summary>False if a quote is not closed or a backslash ends the text.</summary>
    public static bool TrySplit(string text, out IReadOnlyList<string> words)
    {
        var found = new List<string>();
        var word = new StringBuilder();
        bool isInWord = false;
        char quote = '\0';
        words = found;
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (character == '\\' && quote != '\'' && (quote == '\0' || i + 1 == text.Length || text[i + 1] is '"' or '\\'))
            {
                if (++i == text.Length)
                    return false;

                word.Append(text[i]);
                isInWord = true;
            }
            else if (quote == '\0' && char.IsWhiteSpace(character))
            {
                Finish(found, word, ref isInWord);
            }
            else if (character == quote || (quote == '\0' && character is '"' or '\''))
            {
                quote = quote == '\0' ? character : '\0';
                isInWord = true;
            }
            else
            {
                word.Append(character);
                isInWord = true;
            }
        }

        Finish(found, word, ref isInWord);
        return quote == '\0';
    }

    private static void Finish(List<string> words, StringBuilder word, ref bool isInWord)
    {
        if (isInWord)
            words.Add(word.ToString());

        word.Clear();
        isInWord = false;
    }
}

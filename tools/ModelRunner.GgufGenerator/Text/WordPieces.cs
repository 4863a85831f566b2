using System.Globalization;
using System.Text.RegularExpressions;

namespace ModelRunner.GgufGenerator.Text;

/// <summary>The vocabulary of the embedding model: special tokens, all of ASCII, and the words of the corpus.</summary>
internal static partial class WordPieces
{
    public const string Padding = "[PAD]";
    public const string Unknown = "[UNK]";
    public const string Begin = "[CLS]";
    public const string End = "[SEP]";
    public const string Mask = "[MASK]";

    /// <summary>Begins a piece that continues a word.</summary>
    public const string Continuation = "##";

    private const int Documents = 4000;
    private const int LeastCount = 20;
    private const int MaxWords = 600;
    private const int Multiple = 32;

    /// <summary>Lists the pieces in the order of their numbers.</summary>
    public static IReadOnlyList<string> Collect(CorpusWriter corpus)
    {
        var pieces = new List<string> { Padding, Unknown, Begin, End, Mask };
        string[] characters = [.. Enumerable.Range('!', '~' - '!' + 1).Select(c => (char)c)
            .Where(c => !char.IsAsciiLetterUpper(c)).Select(c => c.ToString())];
        pieces.AddRange(characters);
        pieces.AddRange(characters.Select(character => Continuation + character));
        AddMissing(pieces, FrequentWords(corpus).Where(word => !pieces.Contains(word)).Take(MaxWords));
        AddMissing(pieces, "ing ed er est ly s es tion th he in re on at".Split(' ').Select(ending => Continuation + ending));
        while (pieces.Count % Multiple != 0)
            pieces.Add(string.Create(CultureInfo.InvariantCulture, $"[unused{pieces.Count}]"));
        return pieces;
    }

    private static List<string> FrequentWords(CorpusWriter corpus)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < Documents; i++)
        {
            foreach (Match word in corpus.WriteDocument().SelectMany(segment => WordPattern().Matches(segment.ToLowerInvariant())))
                counts[word.Value] = counts.GetValueOrDefault(word.Value) + 1;
        }

        return [.. counts.Where(pair => pair.Value > LeastCount)
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => pair.Key)];
    }

    private static void AddMissing(List<string> pieces, IEnumerable<string> more)
    {
        foreach (string piece in more.ToArray())
        {
            if (!pieces.Contains(piece))
                pieces.Add(piece);
        }
    }

    [GeneratedRegex("[a-z]{2,}", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex WordPattern();
}

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ModelRunner.GgufGenerator.Text;

/// <summary>Byte-level byte pair encoding as in GPT-2: every byte is a token, so that any text can be written.</summary>
internal sealed partial class BytePairEncoding
{
    private const int NormalType = 1;
    private const int ControlType = 3;
    private const int UnusedType = 5;

    private readonly List<string> _tokens = [];
    private readonly List<int> _types = [];
    private readonly List<string> _merges = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Left, int Right), (int Rank, int Token)> _ranks = [];
    private readonly Dictionary<string, int[]> _known = new(StringComparer.Ordinal);

    /// <summary>The tokens in the order of their numbers.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>llama.cpp's type of each token.</summary>
    public IReadOnlyList<int> Types => _types;

    /// <summary>The merges, most important first, as two tokens with a space between.</summary>
    public IReadOnlyList<string> Merges => _merges;

    /// <summary>The number of a token.</summary>
    public int this[string token] => _ids[token];

    /// <summary>Learns the merges that shorten the texts most.</summary>
    /// <param name="texts">The training texts.</param>
    /// <param name="size">The final number of tokens.</param>
    /// <param name="special">Special tokens, which are not text; they come first.</param>
    public static BytePairEncoding Train(IEnumerable<string> texts, int size, params string[] special)
    {
        var encoding = new BytePairEncoding();
        foreach (string token in special)
            encoding.AddToken(token, ControlType);
        foreach (string character in ByteAlphabet.All)
            encoding.AddToken(character, NormalType);

        (List<int> Ids, int Count)[] words = encoding.CountWords(texts);
        while (encoding._tokens.Count < size && MostFrequentPair(words) is { } pair)
            encoding.Merge(pair, words);
        while (encoding._tokens.Count < size)
            encoding.AddToken(string.Create(CultureInfo.InvariantCulture, $"[PAD{encoding._tokens.Count}]"), UnusedType);
        return encoding;
    }

    /// <summary>Turns text into tokens.</summary>
    public IEnumerable<int> Encode(string text)
    {
        foreach (Match word in WordPattern().Matches(text))
        {
            if (!_known.TryGetValue(word.Value, out int[]? ids))
                _known[word.Value] = ids = EncodeWord(word.Value);
            foreach (int id in ids)
                yield return id;
        }
    }

    // GPT-2's rule for the boundaries that merges must not cross.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex WordPattern();

    private (List<int> Ids, int Count)[] CountWords(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Match word in texts.SelectMany(text => WordPattern().Matches(text)))
            counts[word.Value] = counts.GetValueOrDefault(word.Value) + 1;
        return [.. counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (ToBytes(pair.Key), pair.Value))];
    }

    private List<int> ToBytes(string word) => [.. Encoding.UTF8.GetBytes(word).Select(value => _ids[ByteAlphabet.All[value]])];

    // Ties go to the lower numbers, so that the same text gives the same encoding.
    private static (int Left, int Right)? MostFrequentPair((List<int> Ids, int Count)[] words)
    {
        var counts = new Dictionary<(int Left, int Right), long>();
        foreach ((List<int> ids, int count) in words)
        {
            for (int i = 0; i + 1 < ids.Count; i++)
                counts[(ids[i], ids[i + 1])] = counts.GetValueOrDefault((ids[i], ids[i + 1])) + count;
        }

        return counts.Count == 0 ? null : counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).First().Key;
    }

    private void Merge((int Left, int Right) pair, (List<int> Ids, int Count)[] words)
    {
        string left = _tokens[pair.Left];
        string right = _tokens[pair.Right];
        int token = AddToken(left + right, NormalType);
        _ranks[pair] = (_merges.Count, token);
        _merges.Add(left + " " + right);
        foreach ((List<int> ids, _) in words)
        {
            for (int i = 0; i + 1 < ids.Count; i++)
            {
                if (ids[i] == pair.Left && ids[i + 1] == pair.Right)
                    Replace(ids, i, token);
            }
        }
    }

    private int[] EncodeWord(string word)
    {
        List<int> ids = ToBytes(word);
        while (true)
        {
            (int At, int Rank, int Token) best = (-1, int.MaxValue, 0);
            for (int i = 0; i + 1 < ids.Count; i++)
            {
                if (_ranks.TryGetValue((ids[i], ids[i + 1]), out (int Rank, int Token) merge) && merge.Rank < best.Rank)
                    best = (i, merge.Rank, merge.Token);
            }

            if (best.At < 0)
                return [.. ids];
            Replace(ids, best.At, best.Token);
        }
    }

    private static void Replace(List<int> ids, int at, int token)
    {
        ids[at] = token;
        ids.RemoveAt(at + 1);
    }

    private int AddToken(string token, int type)
    {
        if (_ids.TryGetValue(token, out int known))
            return known;
        _ids[token] = _tokens.Count;
        _tokens.Add(token);
        _types.Add(type);
        return _tokens.Count - 1;
    }
}

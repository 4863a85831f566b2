using System.Globalization;
using ModelRunner.LlamaHost.Http;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// Parses a grammar in GBNF far enough to see how each rule can match the empty text. llama.cpp checks the rest.
/// </summary>
internal sealed class GbnfReader(string grammar)
{
    /// <summary>The deepest nesting of parentheses. llama.cpp parses them by recursion on a limited stack.</summary>
    public const int MaxDepth = 64;

    /// <summary>The most repetitions in the whole grammar. llama.cpp expands each of them.</summary>
    public const int MaxRepetitions = 5000;

    private const int MaxRules = 2000;
    private const int MaxQuantifiers = 4;

    private readonly List<EmptyMatch> _parts = [];
    private readonly Dictionary<string, EmptyMatch> _rules = new(StringComparer.Ordinal);
    private int _at;
    private int _depth;
    private long _repetitions;

    /// <summary>Every repetition and every choice between alternatives, once <see cref="Read"/> has ended.</summary>
    public IReadOnlyList<EmptyMatch> Parts => _parts;

    /// <summary>Reads all rules.</summary>
    /// <returns>By the name of each rule, how it matches the empty text.</returns>
    /// <exception cref="ApiException">The grammar exceeds a limit, or is not a grammar.</exception>
    public IReadOnlyDictionary<string, EmptyMatch> Read()
    {
        SkipSpace();
        while (_at < grammar.Length)
        {
            string name = ReadName();
            SkipSpace();
            if (name.Length == 0 || !Skip("::="))
                throw Broken();
            EmptyMatch body = ReadAlternatives();
            if (!_rules.TryAdd(name, body))
                throw ApiException.Invalid($"\"grammar\" has the rule \"{name}\" twice");
            if (_rules.Count > MaxRules)
                throw TooLarge(MaxRules, "rules");
            SkipSpace();
        }

        return _rules;
    }

    private EmptyMatch ReadAlternatives()
    {
        var alternatives = new List<EmptyMatch>();
        do
        {
            alternatives.Add(ReadSequence());
            SkipSpace();
        }
        while (Skip("|"));
        return Note(EmptyMatch.Any(alternatives));
    }

    private EmptyMatch ReadSequence()
    {
        var items = new List<EmptyMatch>();
        while (true)
        {
            SkipSpace();
            if (_at == grammar.Length || grammar[_at] is '|' or ')' || IsAtRule())
                return EmptyMatch.All(items);
            items.Add(Note(ReadRepeated(ReadItem())));
        }
    }

    private EmptyMatch Note(EmptyMatch part)
    {
        _parts.Add(part);
        return part;
    }

    private EmptyMatch ReadItem()
    {
        switch (grammar[_at])
        {
            case '"':
                return SkipTo('"') == 0 ? EmptyMatch.Once : EmptyMatch.Never;
            case '[':
                SkipTo(']');
                return EmptyMatch.Never;
            case '<' or '!':
                SkipTo('>');
                return EmptyMatch.Never;
            case '.':
                _at++;
                return EmptyMatch.Never;
            case '(':
                if (++_depth > MaxDepth)
                    throw TooLarge(MaxDepth, "open parentheses");
                _at++;
                EmptyMatch group = ReadAlternatives();
                SkipSpace();
                if (!Skip(")"))
                    throw Broken();
                _depth--;
                return group;
        }

        return ReadName() is { Length: > 0 } name ? EmptyMatch.Rule(name) : throw Broken();
    }

    private EmptyMatch ReadRepeated(EmptyMatch item)
    {
        for (int quantifiers = 0; _at < grammar.Length; quantifiers++)
        {
            if (quantifiers > MaxQuantifiers)
                throw Broken();
            switch (grammar[_at])
            {
                case '?' or '*':
                    item = EmptyMatch.Optional(item);
                    break;
                case '+':
                    item = EmptyMatch.Repeated(item);
                    break;
                case '{':
                    item = ReadCount(item);
                    break;
                default:
                    return item;
            }

            _at++;
        }

        return item;
    }

    // {3}, {3,} and {3,7}. The caller reads the closing brace.
    private EmptyMatch ReadCount(EmptyMatch item)
    {
        int end = grammar.IndexOf('}', _at);
        string[] counts = end < 0 ? [] : grammar[(_at + 1)..end].Split(',');
        if (counts.Length is not (1 or 2) || !TryCount(counts[0], 0, out int least) || !TryCount(counts[^1], least, out int most))
            throw Broken();
        _repetitions += Math.Max(least, most);
        if (_repetitions > MaxRepetitions)
            throw TooLarge(MaxRepetitions, "repetitions");
        _at = end;
        return least == 0 ? EmptyMatch.Optional(item) : EmptyMatch.Repeated(item);
    }

    private static bool TryCount(string text, int fallback, out int count)
    {
        text = text.Trim();
        count = fallback;
        if (text.Length == 0)
            return true;
        if (text.Length <= 9)
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
        count = int.MaxValue;
        return true;
    }

    private bool IsAtRule()
    {
        int from = _at;
        bool isRule = ReadName().Length > 0;
        SkipSpace();
        isRule = isRule && string.CompareOrdinal(grammar, _at, "::=", 0, 3) == 0;
        _at = from;
        return isRule;
    }

    private string ReadName()
    {
        int from = _at;
        while (_at < grammar.Length && (char.IsAsciiLetterOrDigit(grammar[_at]) || grammar[_at] is '-' or '_'))
            _at++;
        return grammar[from.._at];
    }

    private bool Skip(string text)
    {
        if (string.CompareOrdinal(grammar, _at, text, 0, text.Length) != 0)
            return false;
        _at += text.Length;
        return true;
    }

    // Moves behind the closing character and returns the number of characters before it.
    private int SkipTo(char close)
    {
        int from = ++_at;
        while (_at < grammar.Length && grammar[_at] != close)
            _at += grammar[_at] == '\\' ? 2 : 1;
        if (_at >= grammar.Length)
            throw Broken();
        return _at++ - from;
    }

    private void SkipSpace()
    {
        while (_at < grammar.Length && (grammar[_at] is ' ' or '\t' or '\r' or '\n' or '#'))
        {
            if (grammar[_at] == '#')
                _at = grammar.IndexOf('\n', _at) is var line and >= 0 ? line : grammar.Length;
            else
                _at++;
        }
    }

    private ApiException Broken() =>
        ApiException.Invalid(FormattableString.Invariant($"\"grammar\" cannot be read at character {_at + 1}: it is not GBNF"));

    private static ApiException TooLarge(int most, string what) =>
        ApiException.Invalid(FormattableString.Invariant($"\"grammar\" is too large: at most {most} {what} are allowed"));
}

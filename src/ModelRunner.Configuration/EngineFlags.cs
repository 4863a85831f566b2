namespace ModelRunner.Configuration;

/// <summary>The arguments that an engine knows, as its help lists them.</summary>
/// <param name="Known">Every spelling that it takes.</param>
/// <param name="Removed">Spellings that it names only to refuse them, each with the arguments that its help names instead.</param>
internal sealed record EngineFlags(IReadOnlySet<string> Known, IReadOnlyDictionary<string, IReadOnlyList<string>> Removed)
{
    private const int MaxIndent = 2;
    private const string Removal = "has been removed";

    // Less than this is no help of an engine, whatever it is.
    private const int LeastFlags = 8;

    /// <summary>
    /// Reads a help text: lines that begin, after at most two spaces, with an argument in all its spellings; what is indented further goes
    /// on with the description. Null where the text is not such a help.
    /// </summary>
    public static EngineFlags? Parse(string help)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var removed = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        List<string> names = [];
        var description = new List<string>();
        foreach (string line in help.Split('\n'))
        {
            string text = line.TrimStart(' ');
            if (line.Length - text.Length <= MaxIndent && IsName(text))
            {
                Finish(names, description, known, removed);
                (names, text) = ReadNames(text);
            }

            description.Add(text);
        }

        Finish(names, description, known, removed);
        return known.Count < LeastFlags ? null : new EngineFlags(known, removed);
    }

    // One or two dashes and a letter; headings have more dashes.
    private static bool IsName(ReadOnlySpan<char> text) =>
        text is ['-', var first, ..] && (char.IsAsciiLetter(first) || (first == '-' && text.Length > 2 && char.IsAsciiLetter(text[2])));

    private static (List<string> Names, string Description) ReadNames(string line)
    {
        var names = new List<string>();
        int place = 0;
        while (IsName(line.AsSpan(place)))
        {
            int end = line.IndexOf(' ', place);
            string word = end < 0 ? line[place..] : line[place..end];
            names.Add(word.TrimEnd(',', '\r'));
            place = end < 0 ? line.Length : end;
            while (place < line.Length && line[place] == ' ')
                place++;
            if (!word.EndsWith(','))
                break;
        }

        return (names, line[place..]);
    }

    private static void Finish(
        List<string> names, List<string> description, HashSet<string> known, Dictionary<string, IReadOnlyList<string>> removed)
    {
        string text = string.Join(' ', description);
        description.Clear();
        if (!text.Contains(Removal, StringComparison.Ordinal))
        {
            known.UnionWith(names);
            return;
        }

        string[] instead = [.. text.Split(' ', '.', ',').Where(static word => IsName(word) && !word.Contains('*', StringComparison.Ordinal))];
        foreach (string name in names)
            removed[name] = instead;
    }
}

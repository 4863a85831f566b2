namespace ModelRunner.Configuration;

/// <summary>The arguments of an engine, as its help lists them.</summary>
/// <param name="Known">Every spelling that it accepts.</param>
/// <param name="Removed">Spellings that it lists but refuses, each with the arguments that its help names instead.</param>
internal sealed record EngineFlags(IReadOnlySet<string> Known, IReadOnlyDictionary<string, IReadOnlyList<string>> Removed)
{
    private const int MaxIndent = 2;
    private const string TraceLevel = "4: trace";
    private const string Removal = "has been removed";

    // A text with fewer arguments is not the help of an engine.
    private const int LeastFlags = 8;

    /// <summary>Whether level 4 of its log is "trace". In older versions that level also shows the texts of requests and responses.</summary>
    public bool HasTraceLevel { get; init; }

    /// <summary>Whether a draft model is used only if <c>--spec-type</c> says so. In older versions it is used always.</summary>
    public bool HasDraftType { get; init; }

    /// <summary>
    /// Reads a help text: an argument line begins, after at most two spaces, with an argument in all its spellings; a line that is indented
    /// further continues the description. Null if the text is not such a help.
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
        return known.Count < LeastFlags
            ? null
            : new EngineFlags(known, removed)
            {
                HasTraceLevel = help.Contains(TraceLevel, StringComparison.Ordinal),
                HasDraftType = help.Contains(DraftSettings.DraftType, StringComparison.Ordinal),
            };
    }

    // One or two dashes and a letter; headings have more dashes.
    private static bool IsName(ReadOnlySpan<char> text) =>
        text is ['-', var first, ..] && (char.IsAsciiLetter(first) || (first == '-' && text.Length > 2 && char.IsAsciiLetter(text[2])));

    private static (List<string> Names, string Description) ReadNames(string line)
    {
        var names = new List<string>();
        int position = 0;
        while (IsName(line.AsSpan(position)))
        {
            int end = line.IndexOf(' ', position);
            string word = end < 0 ? line[position..] : line[position..end];
            names.Add(word.TrimEnd(',', '\r'));
            position = end < 0 ? line.Length : end;
            while (position < line.Length && line[position] == ' ')
                position++;
            if (!word.EndsWith(','))
                break;
        }

        return (names, line[position..]);
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

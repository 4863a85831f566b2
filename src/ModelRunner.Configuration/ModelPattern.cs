namespace ModelRunner.Configuration;

/// <summary>
/// Models that a key may use: a reference, which the catalogue resolves, or a pattern with <c>*</c>, which stands for any characters.
/// A pattern without a colon is compared with the names of models, and one with a colon with their names and tags.
/// </summary>
internal sealed class ModelPattern
{
    private const char Wildcard = '*';

    private readonly string _pattern;
    private readonly bool _hasTag;

    private ModelPattern(string text, ModelReference? reference)
    {
        (Text, Reference) = (text, reference);
        int colon = text.LastIndexOf(':');
        _hasTag = colon > text.LastIndexOf('/');

        // As in a reference, the case of the tag counts and that of the name does not.
        _pattern = _hasTag ? text[..colon].ToLowerInvariant() + text[colon..] : text.ToLowerInvariant();
    }

    /// <summary>As the user wrote it.</summary>
    public string Text { get; }

    /// <summary>The reference; null: it is a pattern.</summary>
    public ModelReference? Reference { get; }

    /// <summary>Reads it. The problem is a clause that follows the shown text.</summary>
    public static ModelPattern? TryParse(string text, out string? problem)
    {
        if (!ModelReference.TryParseWritten(text, out ModelReference reference, out problem))
            return null;
        string trimmed = text.Trim();
        return new ModelPattern(trimmed, trimmed.Contains(Wildcard, StringComparison.Ordinal) ? null : reference);
    }

    /// <summary>Whether a pattern fits a canonical reference.</summary>
    public bool Fits(string canonical) =>
        Reference is null && Fits(_pattern, _hasTag ? canonical : ModelReference.FromCanonical(canonical).Name);

    // After a mismatch, only the latest wildcard has to take one more character, so the work is bounded by the product of the lengths.
    private static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int at = 0;
        int next = 0;
        int wildcard = -1;
        int taken = 0;
        while (at < text.Length)
        {
            if (next < pattern.Length && pattern[next] == Wildcard)
            {
                (wildcard, taken) = (next++, at);
            }
            else if (next < pattern.Length && pattern[next] == text[at])
            {
                next++;
                at++;
            }
            else if (wildcard >= 0)
            {
                (next, at) = (wildcard + 1, ++taken);
            }
            else
            {
                return false;
            }
        }

        return pattern[next..].TrimStart(Wildcard).IsEmpty;
    }
}

using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Configuration;

/// <summary>
/// A model's name and tag in canonical form. The name is lower case, the tag keeps its case and is <c>latest</c> where none is written,
/// as in Docker Model Runner. Everything else is kept as it is written, so that a name may hold any printable character.
/// </summary>
/// <param name="Name">The part before the last colon after the last slash, in lower case.</param>
/// <param name="Tag">The part after it.</param>
internal readonly record struct ModelReference(string Name, string Tag)
{
    /// <summary>The longest reference in characters. Prometheus may drop a whole scrape for one over-long label value.</summary>
    public const int MaxLength = 200;

    private const string DefaultTag = "latest";

    /// <inheritdoc/>
    public override string ToString() => $"{Name}:{Tag}";

    /// <summary>Reads a reference as a person writes it. The problem is a clause that follows the shown reference.</summary>
    public static bool TryParse(string? text, out ModelReference reference, out string? problem)
    {
        text = text?.Trim() ?? "";
        reference = default;
        problem = Check(text);
        if (problem is not null)
            return false;

        if (text.StartsWith("hf.co/", StringComparison.OrdinalIgnoreCase))
            text = string.Concat("huggingface.co", text.AsSpan("hf.co".Length));

        int colon = text.LastIndexOf(':');
        if (colon < text.LastIndexOf('/'))
            colon = -1;
        string name = colon < 0 ? text : text[..colon];
        string tag = colon < 0 ? DefaultTag : text[(colon + 1)..];
        problem = name.Length == 0 || name[^1] == '/' ? "has no name" : tag.Length == 0 ? "has an empty tag" : null;
        reference = new ModelReference(name.ToLowerInvariant(), tag);
        return problem is null;
    }

    private static string? Check(string text)
    {
        if (text.Length == 0)
            return "is empty";
        if (text.Length > MaxLength)
            return $"is longer than {MaxLength} characters";

        return ReferenceEquals(PlainText.Escape(text), text) ? null : "holds control characters";
    }
}

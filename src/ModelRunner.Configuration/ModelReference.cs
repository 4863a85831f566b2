using ModelRunner.Linux.Terminals;

namespace ModelRunner.Configuration;

/// <summary>
/// A model's name and tag in canonical form. The name is lower case; the tag keeps its case and is <c>latest</c> by default, as in Docker
/// Model Runner. All other characters are kept, so that a name may contain any printable character.
/// </summary>
/// <param name="Name">The part before the last colon after the last slash, in lower case.</param>
/// <param name="Tag">The part after it.</param>
internal readonly record struct ModelReference(string Name, string Tag)
{
    /// <summary>The longest reference in characters. Prometheus may drop a whole scrape because of one label value that is too long.</summary>
    public const int MaxLength = 200;

    private const string DefaultTag = "latest";
    private const string ControlCharacters = "holds control characters";
    private const string DefaultNamespace = "ai/";
    private const string HuggingFace = "huggingface.co/";

    private static readonly string[] HuggingFaceHosts = ["https://huggingface.co/", "https://hf.co/", "hf.co/"];

    private static readonly string[] DefaultRegistries = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];

    /// <summary>Whether the user wrote the tag; if not, <see cref="Tag"/> is the default.</summary>
    public bool HasWrittenTag { get; init; }

    /// <summary>The file of the models folder that is this model.</summary>
    public string FileName => Tag == DefaultTag ? $"{Name}.gguf" : $"{Name}:{Tag}.gguf";

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

        foreach (string host in HuggingFaceHosts)
        {
            if (text.StartsWith(host, StringComparison.OrdinalIgnoreCase))
                text = string.Concat(HuggingFace, text.AsSpan(host.Length));
        }

        int colon = text.LastIndexOf(':');
        if (colon < text.LastIndexOf('/'))
            colon = -1;
        string name = colon < 0 ? text : text[..colon];
        string tag = colon < 0 ? DefaultTag : text[(colon + 1)..];
        problem = name.Length == 0 || name[^1] == '/' ? "has no name" : tag.Length == 0 ? "has an empty tag" : null;
        reference = new ModelReference(name.ToLowerInvariant(), tag) { HasWrittenTag = colon >= 0 };
        return problem is null;
    }

    /// <summary>Whether the name begins with a registry, as Docker reads names: a first part that contains a dot or a colon, or is localhost.</summary>
    public bool HasRegistry
    {
        get
        {
            int slash = Name.IndexOf('/', StringComparison.Ordinal);
            return slash > 0 && (Name[..slash] == "localhost" || Name.AsSpan(0, slash).ContainsAny('.', ':'));
        }
    }

    /// <summary>
    /// This reference, and those that mean the same in Docker Model Runner: without the default registry, and without and with the default
    /// namespace <c>ai/</c>. Another registry is part of the name: the same name in two registries is two models.
    /// </summary>
    public IEnumerable<ModelReference> EqualSpellings()
    {
        yield return this;
        string name = Name;
        foreach (string registry in DefaultRegistries)
            if (name.StartsWith(registry, StringComparison.Ordinal))
                name = name[registry.Length..];
        if (name != Name)
            yield return this with { Name = name };
        if (name.StartsWith(DefaultNamespace, StringComparison.Ordinal) && name.Length > DefaultNamespace.Length)
            yield return this with { Name = name[DefaultNamespace.Length..] };
        else if (!name.Contains('/', StringComparison.Ordinal))
            yield return this with { Name = DefaultNamespace + name };
    }

    /// <summary>
    /// Whether a person may use this reference as a short form of another one: the last parts of its name, with the same tag, or with any
    /// tag if none was written. The tags of Hugging Face are quantizations, whose case does not count.
    /// </summary>
    public bool IsEndOf(ModelReference whole)
    {
        bool isSameTag = !HasWrittenTag || string.Equals(
            Tag, whole.Tag, whole.Name.StartsWith(HuggingFace, StringComparison.Ordinal) ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
        bool isEnd = whole.Name.Length > Name.Length
            ? whole.Name.EndsWith(Name, StringComparison.Ordinal) && whole.Name[^(Name.Length + 1)] == '/'
            : whole.Name == Name;
        return isSameTag && isEnd;
    }

    /// <summary>This reference without its registry; null: it has none.</summary>
    public ModelReference? WithoutRegistry() => HasRegistry ? this with { Name = Name[(Name.IndexOf('/', StringComparison.Ordinal) + 1)..] } : null;

    /// <summary>Splits a canonical reference into its parts.</summary>
    /// <exception cref="FormatException">It is not a canonical reference.</exception>
    public static ModelReference FromCanonical(string canonical) => TryParse(canonical, out ModelReference reference, out string? problem)
        ? reference
        : throw new FormatException($"The model reference {canonical} {problem}.");

    /// <summary>
    /// Like <see cref="TryParse"/> for a name in the configuration file or of a file, where a control character at the end is a mistake that the user
    /// should see.
    /// </summary>
    public static bool TryParseWritten(string text, out ModelReference reference, out string? problem)
    {
        if (PlainText.IsPlain(text) || text.Length > MaxLength)
            return TryParse(text, out reference, out problem);

        reference = default;
        problem = ControlCharacters;
        return false;
    }

    private static string? Check(string text)
    {
        if (text.Length == 0)
            return "is empty";
        if (text.Length > MaxLength)
            return $"is longer than {MaxLength} characters";

        return PlainText.IsPlain(text) ? null : ControlCharacters;
    }
}

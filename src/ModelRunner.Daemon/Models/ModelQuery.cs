using ModelRunner.Configuration;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>What names a model in a request: its name, its id or the beginning of it, or its name with the digest of its manifest.</summary>
/// <param name="Reference">The name; for an id, the same text read as a name. For a name with a digest, the part before the <c>@</c>.</param>
internal readonly record struct ModelQuery(ModelReference Reference)
{
    /// <summary>The beginning of the canonical names of models of Hugging Face.</summary>
    public const string HuggingFace = $"{ArtifactName.HuggingFace}/";

    /// <summary>The digits of an id or of its beginning; null: the text is none.</summary>
    public string? Digits { get; private init; }

    /// <summary>Whether the id begins with its algorithm. Digits alone may also be a name.</summary>
    public bool HasAlgorithm { get; private init; }

    /// <summary>The digest that the manifest of the model must have; null: none was written.</summary>
    public Digest? Pin { get; private init; }

    /// <summary>The file of Hugging Face whose address was written; null: none.</summary>
    public HubFile? File { get; private init; }

    /// <inheritdoc/>
    public override string ToString() => File is { } file ? $"https://{Reference.Name}/resolve/{file.Escaped}"
        : Pin is { } pin ? $"{(Reference.HasWrittenTag ? Reference.ToString() : Reference.Name)}@{pin}"
        : Digits is { } digits && !HasAlgorithm ? digits
        : Reference.ToString();

    /// <summary>Reads a text as a person writes it. The problem is a clause that follows the shown text.</summary>
    public static bool TryParse(string? text, out ModelQuery query, out string? problem)
    {
        text = text?.Trim() ?? "";
        query = default;
        if (HasFile(text) && ArtifactNameParser.TryParse(text, out ArtifactName? name, out _) && name!.File is { } file)
        {
            bool isValid = ModelReference.TryParse($"{name.Registry}/{name.Repository}", out ModelReference repository, out problem);
            query = new ModelQuery(repository) { File = file.First };
            return isValid;
        }

        int at = text.LastIndexOf($"@{Digest.Sha256}:", StringComparison.Ordinal);
        Digest pin = default;
        if (at >= 0 && !Digest.TryParse(text[(at + 1)..], out pin))
        {
            problem = "has no valid digest after the @; it must be sha256: and 64 lower-case hexadecimal digits";
            return false;
        }

        if (!ModelReference.TryParse(at < 0 ? text : text[..at], out ModelReference reference, out problem))
            return false;
        string? digits = ModelIds.DigitsOf(text, out bool hasAlgorithm);
        query = new ModelQuery(reference) { Digits = digits, HasAlgorithm = hasAlgorithm, Pin = at < 0 ? null : pin };
        return true;
    }

    private static bool HasFile(string text) => text.Contains(".gguf", StringComparison.OrdinalIgnoreCase);

    /// <summary>A reference of the configuration, which may be an id too, or have a digest.</summary>
    public static ModelQuery Of(ModelReference reference) =>
        TryParse(reference.HasWrittenTag ? reference.ToString() : reference.Name, out ModelQuery query, out _) ? query : new ModelQuery(reference);

    /// <summary>The name that a registry knows; null: the text is an id, which none knows, or no valid name.</summary>
    public static ArtifactName? ToArtifact(string text) =>
        ModelIds.DigitsOf(text.Trim(), out _) is null && ArtifactNameParser.TryParse(text, out ArtifactName? name, out _) ? name : null;
}

using System.Text.RegularExpressions;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>The tags under which models of Hugging Face are stored.</summary>
internal static partial class HubTag
{
    /// <summary>The tag of a model that was chosen.</summary>
    /// <param name="name">The name as it was written. A tag that is that of the model in another case is stored in the usual one.</param>
    /// <param name="model">The model.</param>
    /// <param name="isOnly">Whether it is the only model of its repository. Without a quantization in its name it is "latest" then.</param>
    public static string Of(ArtifactName name, RepositoryModel model, bool isOnly)
    {
        if (IsWritten(name))
            return name.Tag.Equals(model.Tag, StringComparison.OrdinalIgnoreCase) ? Valid(model.Tag) : name.Tag;
        string tag = QuantizationRank.IsQuantization(model.Tag) ? model.Tag
            : isOnly ? ArtifactName.DefaultTag
            : name.File is null || model.Tag != model.Quantization ? model.Tag
            : QuantizationTag.Choose(RepositoryModels.WholeNameOf(model.Path), new HashSet<string>(StringComparer.Ordinal) { model.Tag });

        // Another revision must not take the name away from the main branch.
        return Valid(name.File is { Revision: not HubFile.Main } file ? $"{tag}-{Unsafe().Replace(file.Revision, "-")}" : tag);
    }

    /// <summary>Whether the user wrote a quantization.</summary>
    public static bool IsWritten(ArtifactName name) => name is { HasWrittenTag: true, Tag: not ArtifactName.DefaultTag };

    private static string Valid(string tag)
    {
        string valid = tag.TrimStart('-', '.');
        return valid.Length switch
        {
            0 => ArtifactName.DefaultTag,
            <= ArtifactNameParser.MaxTag => valid,
            _ => valid[..ArtifactNameParser.MaxTag],
        };
    }

    [GeneratedRegex("[^A-Za-z0-9._-]", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Unsafe();
}

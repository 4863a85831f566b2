using ModelRunner.Store.Foreign;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>The tags under which models of Hugging Face are stored.</summary>
internal static class HubTag
{
    /// <summary>
    /// The tag of a model that was named by the address of a file: its quantization or, if its name has none, its name. It depends on nothing else, so
    /// a request with the address finds it.
    /// </summary>
    public static string OfFile(string path)
    {
        string name = RepositoryModels.WholeNameOf(path);
        string tag = QuantizationTag.Of(name);
        return QuantizationRank.IsQuantization(tag) ? tag
            : Valid(QuantizationTag.Choose(name, new HashSet<string>(StringComparer.OrdinalIgnoreCase) { tag }));
    }

    /// <summary>The name under which a model is stored: for the address of a file, the one that a pull of this file gives.</summary>
    public static string StoredName(ArtifactName name) => name.File is { } file ? $"{name.Registry}/{name.Repository}:{OfFile(file.Path)}" : name.ToString();

    /// <summary>The tag of a model that was chosen.</summary>
    /// <param name="name">The name as it was written. A tag that is that of the model in another case is stored in the usual one.</param>
    /// <param name="model">The model.</param>
    /// <param name="isOnly">Whether it is the only model of its repository. Without a quantization in its name it is "latest" then.</param>
    public static string Of(ArtifactName name, RepositoryModel model, bool isOnly)
    {
        if (name.File is { } file)
            return OfFile(file.Path);
        if (IsWritten(name))
            return name.Tag.Equals(model.Tag, StringComparison.OrdinalIgnoreCase) ? Valid(model.Tag) : name.Tag;
        return isOnly && !QuantizationRank.IsQuantization(model.Tag) ? ArtifactName.DefaultTag : Valid(model.Tag);
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
}

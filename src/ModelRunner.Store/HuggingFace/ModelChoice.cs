using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Finds the model of a repository that a name means.</summary>
internal static class ModelChoice
{
    private const int MaxShown = 30;

    /// <summary>The model of a tag: first those whose names end with it, then those that have it anywhere, as llama.cpp does.</summary>
    /// <param name="models">The models of the repository.</param>
    /// <param name="name">The name with the tag.</param>
    /// <exception cref="RemoteException">None or several have it. The message has the choices.</exception>
    public static RepositoryModel ByTag(IReadOnlyList<RepositoryModel> models, ArtifactName name)
    {
        RepositoryModel[] found = [.. models.Where(model => model.Tag.Equals(name.Tag, StringComparison.OrdinalIgnoreCase) && HasExactly(model, name.Tag))];
        if (found.Length != 1)
            found = [.. models.Where(model => HasExactly(model, name.Tag))];
        if (found.Length == 0)
            found = [.. models.Where(model => HasAnywhere(model, name.Tag))];
        if (found.Length == 1)
            return found[0];

        string problem = found.Length == 0 ? "has no quantization" : "has several models for";
        throw new RemoteException(
            RemoteReason.NotFound,
            $"{name.WrittenRepository} {problem} {name.Tag}; write one of these after the colon: {List(found.Length == 0 ? models : found)}");
    }

    /// <summary>The model with a file.</summary>
    /// <exception cref="RemoteException">There is none.</exception>
    public static RepositoryModel ByFile(RepositoryModels models, ArtifactName name)
    {
        string path = name.File!.Path;
        if (models.Models.FirstOrDefault(model => model.Files.Any(file => file.Path == path)) is { } found)
            return found;
        string problem = models.Projectors.Any(file => file.Path == path) ? "is an image projector and no model" : "is no model of this repository";
        throw new RemoteException(
            RemoteReason.NotFound, $"the file {Texts.Printable(path, 120)} of {name.WrittenRepository} {problem}; these are: {List(models.Models)}");
    }

    /// <summary>The most wanted model or, if it does not fit, the largest smaller one that does.</summary>
    /// <param name="models">The models of the repository, at least one.</param>
    /// <param name="needOf">The bytes of memory that one needs.</param>
    /// <param name="limit">The bytes of memory that there are; null: no limit.</param>
    /// <returns>Null: none fits.</returns>
    public static RepositoryModel? Default(IReadOnlyList<RepositoryModel> models, Func<RepositoryModel, long> needOf, long? limit)
    {
        RepositoryModel wanted = QuantizationRank.Order(models).First();
        return limit is not { } most || needOf(wanted) <= most
            ? wanted
            : models.Where(model => model.Size < wanted.Size).OrderByDescending(static model => model.Size)
                .ThenBy(static model => model.Path, StringComparer.Ordinal).FirstOrDefault(model => needOf(model) <= most);
    }

    /// <summary>The choice for people, with the next smaller and the next larger one.</summary>
    /// <param name="models">The models of the repository.</param>
    /// <param name="chosen">The one that is fetched.</param>
    /// <param name="wanted">The one that would be fetched if it fitted.</param>
    public static string Describe(IReadOnlyList<RepositoryModel> models, RepositoryModel chosen, RepositoryModel wanted)
    {
        string reason = chosen == wanted ? "" : $"; {Name(wanted)} does not fit into the memory";
        RepositoryModel? smaller = models.Where(model => model.Size < chosen.Size).MaxBy(static model => model.Size);
        RepositoryModel? larger = models.Where(model => model.Size > chosen.Size).MinBy(static model => model.Size);
        string less = smaller is null ? "none is smaller" : $"next smaller: {Name(smaller)}";
        string more = larger is null ? "none is larger" : $"next larger: {Name(larger)}";
        return $"Selected {chosen.Tag} quantization (default), {FileSizeText.Format(chosen.Size)}; {less}; {more}{reason}";
    }

    /// <summary>The choices for people, in order of their sizes.</summary>
    public static string List(IReadOnlyList<RepositoryModel> models)
    {
        IEnumerable<RepositoryModel> ordered = models.OrderBy(static model => model.Size).ThenBy(static model => model.Path, StringComparer.Ordinal);
        string shown = string.Join(", ", ordered.Take(MaxShown).Select(Name));
        return models.Count <= MaxShown ? shown : string.Create(CultureInfo.InvariantCulture, $"{shown} and {models.Count - MaxShown} more");
    }

    private static string Name(RepositoryModel model) => $"{model.Tag} ({FileSizeText.Format(model.Size)})";

    // The whole name, the end of it, or the folder.
    private static bool HasExactly(RepositoryModel model, string tag)
    {
        string stem = StemOf(model);
        bool isEnd = stem.EndsWith(tag, StringComparison.OrdinalIgnoreCase)
            && (stem.Length == tag.Length || stem[^(tag.Length + 1)] is '-' or '.' or '_');
        return isEnd || model.Path.Split('/').SkipLast(1).Contains(tag, StringComparer.OrdinalIgnoreCase);
    }

    private static bool HasAnywhere(RepositoryModel model, string tag) =>
        Regex.IsMatch(model.Path, $"{Regex.Escape(tag)}[.-]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    private static string StemOf(RepositoryModel model)
    {
        string name = RepositoryModels.WholeNameOf(model.Path);
        return name[..^".gguf".Length];
    }
}

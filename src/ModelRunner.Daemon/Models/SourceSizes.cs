using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Adds up what the last scans found, by source. It opens nothing.</summary>
internal static class SourceSizes
{
    /// <summary>The models folder, as a source. The other sources have the names of <see cref="SourceText"/>.</summary>
    public const string Folder = "folder";

    /// <summary>One size for the models folder and one for each source that was read, in the order of precedence.</summary>
    public static IReadOnlyList<SourceSize> Of(StoreListing folder, IReadOnlyList<SourceListing> sources) =>
    [
        new(
            Folder, folder.Models.Count(static model => model.Problem is null),
            Sum(folder.Models.SelectMany(static model => model.Parts).Concat(folder.Projectors))),
        .. sources.Select(Of),
    ];

    private static SourceSize Of(SourceListing listing)
    {
        DescribedModel[] models = [.. listing.Models.Where(static model => model.File is { Problem: null })];
        int count = models.Select(static model => (model.File!.Id, ForeignModels.ShapeOf(model.Model, model.File))).Distinct().Count();
        return new SourceSize(SourceText.Format(listing.Kind), count, Sum(models.SelectMany(static model => model.Parts)));
    }

    private static long Sum(IEnumerable<FilePart> parts) => parts.DistinctBy(static part => part.Id).Sum(static part => part.SizeBytes);
}

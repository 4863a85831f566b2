using System.Globalization;
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

    /// <summary>The models of a source that can be served. Several names of one model count once.</summary>
    public static int CountModels(SourceListing listing)
    {
        var known = new ContentOwners();
        int count = 0;
        foreach (ModelContent content in Served(listing).Select(static model => model.Content!))
        {
            string owner = known.Find(content) ?? (++count).ToString(CultureInfo.InvariantCulture);
            known.Add(content, owner);
        }

        return count;
    }

    private static SourceSize Of(SourceListing listing) =>
        new(SourceText.Format(listing.Kind), CountModels(listing), Sum(Served(listing).SelectMany(static model => model.Parts)));

    private static IEnumerable<DescribedModel> Served(SourceListing listing) => listing.Models.Where(static model => model.File is { Problem: null });

    private static long Sum(IEnumerable<FilePart> parts) => parts.DistinctBy(static part => part.Id).Sum(static part => part.SizeBytes);
}

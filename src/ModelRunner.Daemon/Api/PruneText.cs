using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Api;

/// <summary>The error of a prune that had removed something before.</summary>
internal static class PruneText
{
    private const int MaxNames = 20;

    /// <summary>The error, with what was removed before it. At least one item must be given.</summary>
    public static string WithRemoved(string error, IReadOnlyList<PrunedItem> removed)
    {
        PrunedItem[] models = [.. removed.Where(static item => item.Entry is not null)];
        PrunedItem[] files = [.. removed.Where(static item => item.Entry is null)];
        string[] parts = [.. Count(files, "file", " that no model needs"), .. Count(models, "model", $": {Names(models)}")];
        return $"{error}; {string.Join(" and ", parts)} {(removed.Count == 1 ? "was" : "were")} removed before this error";
    }

    private static string[] Count(PrunedItem[] items, string noun, string more) => items.Length == 0 ? [] :
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{items.Length} {noun}{(items.Length == 1 ? "" : "s")}{more} ({FileSizeText.Format(items.Sum(static item => item.Bytes))})"),
    ];

    private static string Names(PrunedItem[] models) => string.Join(", ", models.Take(MaxNames).Select(static item => item.Name))
        + (models.Length > MaxNames ? string.Create(CultureInfo.InvariantCulture, $", and {models.Length - MaxNames} more") : "");
}

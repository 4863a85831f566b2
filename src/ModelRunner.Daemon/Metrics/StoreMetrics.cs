using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families about models on disk. They come from the last scans in the background; a scrape never reads a disk.</summary>
internal static class StoreMetrics
{
    /// <param name="writer">The destination.</param>
    /// <param name="sizes">What each source holds.</param>
    public static void Write(FamilyWriter writer, IReadOnlyList<SourceSize> sizes)
    {
        foreach (SourceSize size in sizes)
            writer.Write(MetricFamilies.StoreModels, size.Models, size.Source);
        foreach (SourceSize size in sizes)
            writer.Write(MetricFamilies.StoreBytes, size.Bytes, size.Source);
    }
}

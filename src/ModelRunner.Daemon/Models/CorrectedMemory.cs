using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Models;

/// <summary>The memory that a runner is expected to need, from the header of its model and from what was measured of earlier loads.</summary>
/// <param name="Bytes">The memory that is reserved for it.</param>
/// <param name="Loads">The number of loads that were considered; 0: it is the estimate from the header.</param>
/// <param name="LeastBytes">
/// If only a single load needed more than this, and that may have been an exception: what other loads or the estimate make certain. Null: all of it is
/// certain.
/// </param>
internal readonly record struct CorrectedMemory(long Bytes, int Loads, long? LeastBytes)
{
    /// <summary>What is added to a measurement: two loads of a model never need exactly the same.</summary>
    private const double Margin = 1.05;

    // A load that needed so much more than all others was an exception.
    private const double Exception = 1.5;

    // Fewer loads do not show that a model needs less than estimated.
    private const int LoadsForLess = 3;

    /// <summary>Corrects an estimate of main memory.</summary>
    /// <param name="estimate">The estimate from the header.</param>
    /// <param name="loads">Loads of the same file, engine and arguments.</param>
    public static CorrectedMemory Of(MemoryEstimate estimate, IReadOnlyList<LoadPeak> loads) => Of(
        estimate.Total, estimate.Growth, estimate.Weights + estimate.Process, [.. loads.Select(static load => (load.ResidentBytes, load.HasServed))]);

    /// <summary>Corrects an estimate of graphics memory. Loads whose graphics memory is not known do not count.</summary>
    public static CorrectedMemory Of(GraphicsEstimate estimate, IReadOnlyList<LoadPeak> loads) => Of(
        estimate.Total, estimate.Each, estimate.Weights,
        [.. loads.Where(static load => load.GraphicsBytes is > 0).Select(static load => (load.GraphicsBytes!.Value, load.HasServed))]);

    /// <summary>Corrects a configured value, which is never made smaller; 0: there is none, so only measurements count.</summary>
    public static CorrectedMemory Of(long configured, IReadOnlyList<LoadPeak> loads) =>
        Of(configured, growth: 0, floor: configured, [.. loads.Select(static load => (load.ResidentBytes, load.HasServed))]);

    private static CorrectedMemory Of(double total, double growth, double floor, IReadOnlyList<(long Bytes, bool HasServed)> loads)
    {
        // A load that served no request shows only that at least so much is needed.
        double[] peaks = [.. loads.Where(load => load.HasServed || load.Bytes > total).Select(static load => (double)load.Bytes).OrderDescending()];
        if (peaks.Length == 0)
            return new CorrectedMemory(Cut(total), 0, LeastBytes: null);

        double least = total;
        if (loads.Count(static load => load.HasServed) >= LoadsForLess)
            least = Math.Min(least, Math.Max((Margin * peaks[0]) + growth, floor));
        if (peaks.Length > 1)
            least = Math.Max(least, Margin * peaks[1]);
        double most = peaks.Length > 1 && peaks[0] > Exception * Math.Max(peaks[1], total) ? 0 : Margin * peaks[0];
        return new CorrectedMemory(Cut(Math.Max(most, least)), peaks.Length, most > least ? Cut(least) : null);
    }

    private static long Cut(double bytes) => (long)Math.Min(bytes, long.MaxValue / 2);
}

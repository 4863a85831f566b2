using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families about pulls of models.</summary>
internal static class PullMetrics
{
    // The labels belong to the page, so they are written out and do not follow the names in the code.
    private static readonly (PullResult Result, string Label)[] Results =
    [
        (PullResult.Success, "success"), (PullResult.Unchanged, "unchanged"), (PullResult.Cancelled, "cancelled"), (PullResult.NotFound, "not_found"),
        (PullResult.Denied, "denied"), (PullResult.RateLimited, "rate_limited"), (PullResult.Unsupported, "unsupported"),
        (PullResult.NoSpace, "no_space"), (PullResult.WrongBytes, "wrong_bytes"), (PullResult.Network, "network"), (PullResult.Server, "server"),
        (PullResult.Store, "store"),
    ];

    /// <param name="writer">The destination.</param>
    /// <param name="pulls">What pulls did; null: nothing is written.</param>
    public static void Write(FamilyWriter writer, PullCounters? pulls)
    {
        if (pulls is null)
            return;
        writer.Write(MetricFamilies.PullBytes, pulls.Bytes);
        writer.Write(MetricFamilies.PullsInProgress, pulls.Running);
        foreach ((PullResult result, string label) in Results)
            writer.Write(MetricFamilies.Pulls, pulls.Of(result), label);
    }
}

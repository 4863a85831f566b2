using ModelRunner.Store.Pushes;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families about pushes of models.</summary>
internal static class PushMetrics
{
    // The labels belong to the page, so they are written out and do not follow the names in the code.
    private static readonly (PushResult Result, string Label)[] Results =
    [
        (PushResult.Success, "success"), (PushResult.Cancelled, "cancelled"), (PushResult.NotFound, "not_found"),
        (PushResult.Unauthorized, "unauthorized"), (PushResult.Denied, "denied"), (PushResult.RateLimited, "rate_limited"),
        (PushResult.Unsupported, "unsupported"), (PushResult.Rejected, "rejected"), (PushResult.Network, "network"),
        (PushResult.Server, "server"), (PushResult.Store, "store"), (PushResult.Busy, "busy"),
    ];

    /// <param name="writer">The destination.</param>
    /// <param name="pushes">What pushes did; null: nothing is written.</param>
    public static void Write(FamilyWriter writer, PushCounters? pushes)
    {
        if (pushes is null)
            return;
        writer.Write(MetricFamilies.PushBytes, pushes.Bytes);
        foreach ((PushResult result, string label) in Results)
            writer.Write(MetricFamilies.Pushes, pushes.Of(result), label);
    }
}

using ModelRunner.Daemon.Accounting;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families of saved contexts.</summary>
internal static class SlotMetrics
{
    private static readonly SlotRestoreResult[] Restores = Enum.GetValues<SlotRestoreResult>();
    private static readonly SlotSaveResult[] Saves = Enum.GetValues<SlotSaveResult>();

    /// <param name="writer">The destination.</param>
    /// <param name="models">The totals of each model.</param>
    public static void Write(FamilyWriter writer, IReadOnlyList<(TargetLabels Labels, RunnerAccount Account)> models)
    {
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            foreach (SlotRestoreResult result in Restores)
                if (account.SlotRestores(result) is > 0 and var count)
                    writer.WriteTotal(MetricFamilies.SlotRestores, labels, count, account.SlotRestoresBeganAt(result), result.ToLabelValue());
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            foreach (SlotSaveResult result in Saves)
                if (account.SlotSaves(result) is > 0 and var count)
                    writer.WriteTotal(MetricFamilies.SlotSaves, labels, count, account.SlotSavesBeganAt(result), result.ToLabelValue());
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            if (account.PrefillSaved is > 0 and var tokens)
                writer.WriteTotal(MetricFamilies.PrefillSaved, labels, tokens, account.PrefillSavedBeganAt);
    }
}

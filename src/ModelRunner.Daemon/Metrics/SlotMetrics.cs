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
        TotalsByClass.Write(
            writer, MetricFamilies.SlotRestores, models, Restores,
            static (account, result) => (account.SlotRestores(result), account.SlotRestoresBeganAt(result)), static result => result.ToLabelValue());
        TotalsByClass.Write(
            writer, MetricFamilies.SlotSaves, models, Saves,
            static (account, result) => (account.SlotSaves(result), account.SlotSavesBeganAt(result)), static result => result.ToLabelValue());
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            if (account.PrefillSaved is > 0 and var tokens)
                writer.WriteTotal(MetricFamilies.PrefillSaved, labels, tokens, account.PrefillSavedBeganAt);
    }
}

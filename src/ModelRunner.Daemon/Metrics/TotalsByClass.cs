using ModelRunner.Daemon.Accounting;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes a family of totals that has one label from a closed list. A class that never occurred is absent.</summary>
internal static class TotalsByClass
{
    /// <param name="writer">The destination.</param>
    /// <param name="family">The family.</param>
    /// <param name="models">The totals of each model.</param>
    /// <param name="classes">The closed list.</param>
    /// <param name="read">The total of a class, and when it began, in milliseconds since 1970.</param>
    /// <param name="labelOf">The value of the label.</param>
    public static void Write<TClass>(
        FamilyWriter writer, MetricFamily family, IReadOnlyList<(TargetLabels Labels, RunnerAccount Account)> models, TClass[] classes,
        Func<RunnerAccount, TClass, (long Count, long BeganAt)> read, Func<TClass, string> labelOf)
        where TClass : struct, Enum
    {
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            foreach (TClass one in classes)
                if (read(account, one) is ( > 0, _) and var total)
                    writer.WriteTotal(family, labels, total.Count, total.BeganAt, labelOf(one));
    }
}

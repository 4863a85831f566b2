using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Writes how often runners stopped, of the models that still exist. Not thread-safe: used only under the merge lock.
/// </summary>
/// <param name="stops">Returns the current counts, and the same list until a count changes.</param>
/// <param name="isModel">Whether a model with this canonical reference exists. Must not wait.</param>
internal sealed class StopMetrics(Func<IReadOnlyList<StopCount>> stops, Func<string, bool> isModel)
{
    private IReadOnlyList<StopCount> _counts = [];
    private TargetLabels[] _labels = [];

    public void Write(FamilyWriter writer)
    {
        IReadOnlyList<StopCount> counts = stops();
        if (!ReferenceEquals(counts, _counts))
            (_counts, _labels) = (counts, [.. counts.Select(static stop => RunnerLabels.Of(stop.Key, replica: null))]);
        for (int i = 0; i < counts.Count; i++)
        {
            if (isModel(counts[i].Key.Model))
                writer.Write(MetricFamilies.Stops, _labels[i], counts[i].Count, counts[i].Reason.ToLabelValue());
        }
    }
}

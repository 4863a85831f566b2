using ModelRunner.Configuration;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Scraping;

/// <summary>The labels of a runner on the page.</summary>
internal static class RunnerLabels
{
    /// <summary>The labels of the sum of models that are not shown by name.</summary>
    public static TargetLabels OtherModels { get; } = new([new("model", "other")]);

    /// <param name="key">What it serves.</param>
    /// <param name="replica">The value of the label <c>replica</c>; null: no such label.</param>
    public static TargetLabels Of(RunnerKey key, string? replica)
    {
        List<KeyValuePair<string, string>> labels =
        [
            new("backend", key.Backend),
            new("model", key.Model),
            new("mode", ModeText.Format(key.Mode)),
        ];
        if (replica is not null)
            labels.Add(new("replica", replica));
        return new TargetLabels(labels);
    }
}

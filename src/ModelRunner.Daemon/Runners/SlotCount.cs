using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Runners;

/// <summary>One thing that happened to the context of a slot.</summary>
internal readonly record struct SlotCount
{
    /// <summary>What became of a saved context; null: this is about something else.</summary>
    public SlotRestoreResult? Restore { get; init; }

    /// <summary>What became of a context before a stop; null: this is about something else.</summary>
    public SlotSaveResult? Save { get; init; }

    /// <summary>Prompt tokens that were not computed again.</summary>
    public long PrefillSaved { get; init; }

    /// <summary>Adds it to totals.</summary>
    /// <param name="sums">The totals.</param>
    /// <param name="at">The time in milliseconds since 1970.</param>
    public void AddTo(RunnerAccount sums, long at)
    {
        if (Restore is { } restore)
            sums.Add(restore, 1, at);
        if (Save is { } save)
            sums.Add(save, 1, at);
        sums.AddPrefillSaved(PrefillSaved, at);
    }
}

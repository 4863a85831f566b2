using System.Collections.Frozen;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The numbers of a <see cref="RunnerAccount"/>.</summary>
internal static class RunnerSeries
{
    /// <summary>Every number of an account.</summary>
    public static IReadOnlyList<TotalSeries<RunnerAccount>> All { get; } =
    [
        .. Enum.GetValues<LoadResult>().Select(static result => new TotalSeries<RunnerAccount>(
            $"loads/{result.ToLabelValue()}", account => account.Loads(result), account => account.LoadsBeganAt(result),
            (account, count, began) => account.Add(result, count, began))),
        .. Enum.GetValues<StopReason>().Select(static reason => new TotalSeries<RunnerAccount>(
            $"stops/{reason.ToLabelValue()}", account => account.Stops(reason), account => account.StopsBeganAt(reason),
            (account, count, began) => account.Add(reason, count, began))),
        .. Enum.GetValues<CrashClass>().Select(static crash => new TotalSeries<RunnerAccount>(
            $"crashes/{crash.ToLabelValue()}", account => account.Crashes(crash), account => account.CrashesBeganAt(crash),
            (account, count, began) => account.Add(crash, count, began))),
        new TotalSeries<RunnerAccount>(
            "stalls/sum", static account => account.Stalls, static account => account.StallsBeganAt,
            static (account, count, began) => account.AddStalls(count, began)),
        .. Enum.GetValues<SlotRestoreResult>().Select(static result => new TotalSeries<RunnerAccount>(
            $"slot_restores/{result.ToLabelValue()}", account => account.SlotRestores(result), account => account.SlotRestoresBeganAt(result),
            (account, count, began) => account.Add(result, count, began))),
        .. Enum.GetValues<SlotSaveResult>().Select(static result => new TotalSeries<RunnerAccount>(
            $"slot_saves/{result.ToLabelValue()}", account => account.SlotSaves(result), account => account.SlotSavesBeganAt(result),
            (account, count, began) => account.Add(result, count, began))),
        new TotalSeries<RunnerAccount>(
            "prefill_saved/sum", static account => account.PrefillSaved, static account => account.PrefillSavedBeganAt,
            static (account, tokens, began) => account.AddPrefillSaved(tokens, began)),
        .. TotalSeries<RunnerAccount>.OfHistogram("load_duration", HistogramBounds.Load, static account => account.LoadDuration),
        new TotalSeries<RunnerAccount>(
            "runner_cpu/sum", static account => account.CpuTime.Ticks, static account => account.CpuBeganAt,
            static (account, ticks, began) => account.Add(TimeSpan.FromTicks(ticks), began)) { IsShownAtZero = true },
    ];

    private static readonly FrozenDictionary<string, TotalSeries<RunnerAccount>> ByName = All.ToFrozenDictionary(
        static series => series.Name, StringComparer.Ordinal);

    /// <summary>The number with this name; null: this version does not know it.</summary>
    public static TotalSeries<RunnerAccount>? Find(string name) => ByName.GetValueOrDefault(name);
}

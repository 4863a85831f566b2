using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Finds the runners whose model has other files or other settings now, or cannot be named any more. A file that is missing replaces nothing. Settings may
/// change without the configuration: a new file takes the entry of its name, and a tool has settings of its own.
/// </summary>
internal static class OutdatedRunners
{
    /// <param name="runners">All runners.</param>
    /// <param name="find">What a canonical reference means now; null: nothing.</param>
    /// <param name="sources">The tools that are read.</param>
    public static IReadOnlyDictionary<RunnerId, OutdatedReason> Find(
        IReadOnlyList<RunnerSnapshot> runners, Func<string, ModelSource?> find, IReadOnlyCollection<SourceKind> sources)
    {
        var outdated = new Dictionary<RunnerId, OutdatedReason>();
        foreach (RunnerSnapshot runner in runners)
        {
            if (runner is { Outdated: null, Model: { } model }
                && FindReason(runner.Key.Mode, model, runner.LoadedFiles, find(model.Reference), sources) is { } reason)
                outdated.Add(runner.Id, reason);
        }

        return outdated;
    }

    private static OutdatedReason? FindReason(
        RunnerMode mode, ModelEntry model, IReadOnlyList<ModelFile> loaded, ModelSource? now, IReadOnlyCollection<SourceKind> sources)
    {
        if (now is null)
            return loaded.Count > 0 && model.Tool is { } tool && !sources.Contains(tool) ? OutdatedReason.Source : null;
        if (now.Reference.ToString() != model.Reference)
            return OutdatedReason.Name;
        if (!model.Settings.StartsLike(now.Settings))
            return OutdatedReason.Settings;
        if (loaded.Count == 0 || now.File is not { Problem: null } file)
            return null;
        if (file.Path != model.Files[0].Path || now.Files.Any(part => IsReplaced(part, model.Files, loaded)))
            return OutdatedReason.File;
        return mode == RunnerMode.Completion && model.Draft is { } before && now.Draft is { File: { Problem: null } draft }
            && (draft.Path != before.File.Path || IsReplaced(draft, model.Files, loaded))
            ? OutdatedReason.Draft
            : null;
    }

    // The scan may be older than the start, and what the start planned with may be older than the scan.
    private static bool IsReplaced(ModelFile now, IReadOnlyList<ModelFile> planned, IReadOnlyList<ModelFile> loaded) =>
        now.Problem is null && planned.FirstOrDefault(file => file.Path == now.Path) is { } before && !before.IsSameAs(now)
        && loaded.FirstOrDefault(file => file.Path == now.Path) is { } read && !read.IsSameAs(now);
}

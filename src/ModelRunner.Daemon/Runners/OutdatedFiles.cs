using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Finds the runners whose model has other files now, or cannot be named any more. A file that is missing replaces nothing.</summary>
internal static class OutdatedFiles
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
            if (runner is { Outdated: null, Model: { } model, LoadedFiles.Count: > 0 }
                && FindReason(model, runner.LoadedFiles, find(model.Reference), sources) is { } reason)
                outdated.Add(runner.Id, reason);
        }

        return outdated;
    }

    private static OutdatedReason? FindReason(
        ModelEntry model, IReadOnlyList<ModelFile> loaded, ModelSource? now, IReadOnlyCollection<SourceKind> sources)
    {
        if (now is null)
            return model.Tool is { } tool && !sources.Contains(tool) ? OutdatedReason.Source : null;
        if (now.Reference.ToString() != model.Reference)
            return OutdatedReason.Name;
        if (now.File is not { Problem: null } file)
            return null;
        return file.Path != model.Files[0].Path || now.Files.Any(part => IsReplaced(part, model.Files, loaded)) ? OutdatedReason.File : null;
    }

    // The scan may be older than the start, and what the start planned with may be older than the scan.
    private static bool IsReplaced(ModelFile now, IReadOnlyList<ModelFile> planned, IReadOnlyList<ModelFile> loaded) =>
        now.Problem is null && planned.FirstOrDefault(file => file.Path == now.Path) is { } before && !before.IsSameAs(now)
        && loaded.FirstOrDefault(file => file.Path == now.Path) is { } read && !read.IsSameAs(now);
}

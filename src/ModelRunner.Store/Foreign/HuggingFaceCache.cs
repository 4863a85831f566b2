using System.Text;
using System.Text.RegularExpressions;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Lists the models in caches of Hugging Face, which llama.cpp uses too: <c>models--ORG--REPO/snapshots/COMMIT/…</c> are links to
/// <c>blobs/SHA256</c>. Of each repository the snapshot of <c>refs/main</c> is listed, else the newest one with a model.
/// </summary>
internal static partial class HuggingFaceCache
{
    private const string Prefix = "models--";
    private const int MaxDepth = 4;

    public static ForeignListing List(IReadOnlyList<string> folders, ForeignScan scan)
    {
        foreach (string root in folders)
        {
            if (!scan.IsRoot(root))
                continue;
            foreach (string name in scan.NamesIn(root))
                if (name.StartsWith(Prefix, StringComparison.Ordinal) && RepositoryOf(name) is { } repository)
                    ListRepository(Path.Join(root, name), $"huggingface.co/{repository}", scan);
        }

        return scan.Result;
    }

    // The two dashes cannot occur in the name of an organization or a repository.
    private static string? RepositoryOf(string folder)
    {
        string[] parts = folder[Prefix.Length..].Split("--");
        return parts.Length is 1 or 2 && parts.All(static part => PartPattern().IsMatch(part)) ? string.Join('/', parts) : null;
    }

    private static void ListRepository(string folder, string name, ForeignScan scan)
    {
        string snapshots = Path.Join(folder, "snapshots");
        IReadOnlyList<string> commits = scan.NamesIn(snapshots);
        string? main = scan.Read(Path.Join(folder, "refs", "main")) is { Length: <= 64 } text ? Encoding.ASCII.GetString(text).Trim() : null;
        IEnumerable<string> ordered = commits.OrderByDescending(commit => commit == main)
            .ThenByDescending(commit => FileStatus.Of(Path.Join(snapshots, commit)).Written).ThenBy(static commit => commit, StringComparer.Ordinal);
        foreach (string commit in ordered)
        {
            var files = new RepositoryFiles(scan);
            files.Collect(Path.Join(snapshots, commit), MaxDepth);
            if (!files.HasModels)
                continue;

            string[] revisions = commit == main ? [commit, HubFile.Main] : [commit];
            files.AddTo(name, Path.Join(snapshots, commit), revisions);
            return;
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex PartPattern();
}

using System.Globalization;
using System.Text;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Gives the files of a repository tags that stay those of their files. Each file has candidates: its quantization, its name, its folder and its name. It gets the
/// first one that no other file has among its candidates, so a file that is added may take a tag away, but never gives it to another file. A file all
/// of whose candidates others have too, for example with a name in another case, gets its name and a hash of its path.
/// </summary>
internal static class OwnTags
{
    /// <summary>Chooses a tag for each file.</summary>
    /// <param name="files">A key for each file, and its path in the folder without the numbers of a shard.</param>
    /// <returns>The tags by the keys.</returns>
    public static IReadOnlyDictionary<string, string> Choose(IReadOnlyList<(string Key, string Path)> files)
    {
        (string Key, string Path, string[] Candidates)[] all = [.. files.Select(static file => (file.Key, file.Path, CandidatesOf(file.Path)))];
        var users = all.SelectMany(static file => file.Candidates)
            .CountBy(static candidate => candidate, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        return all.ToDictionary(
            static file => file.Key, file => Array.Find(file.Candidates, candidate => users[candidate] == 1) ?? WithHash(file.Path), StringComparer.Ordinal);
    }

    private static string[] CandidatesOf(string path)
    {
        string name = Path.GetFileName(path);
        string[] candidates = [QuantizationTag.Of(name), QuantizationTag.NameOf(name), QuantizationTag.NameOf(path)];
        return [.. candidates.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static string WithHash(string path) =>
        string.Create(CultureInfo.InvariantCulture, $"{QuantizationTag.NameOf(path)}-{HashOf(path):x8}");

    // FNV-1a: it must be the same after each start, and nobody gains by two files with one hash.
    private static uint HashOf(string path) =>
        Encoding.UTF8.GetBytes(path).Aggregate(2_166_136_261u, static (hash, letter) => unchecked((hash ^ letter) * 16_777_619u));
}

using System.Globalization;
using System.Text;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Gives the files of a repository tags that stay those of their files. Each file has candidates: its quantization, its name and its path. It gets the first
/// one that no other file has among its candidates, so a file that is added may take a tag away, but never gives it to another file. A file all of whose
/// candidates others have too, for example with a name in another case, gets its path and a hash of that.
/// </summary>
internal static class OwnTags
{
    /// <summary>Chooses a tag for each file.</summary>
    /// <param name="files">
    /// The paths of the files in their repository (of a model in parts, that of the first one), and the same without the numbers of a part.
    /// </param>
    /// <returns>The tags by the paths.</returns>
    public static IReadOnlyDictionary<string, string> Choose(IReadOnlyList<(string Path, string Whole)> files)
    {
        (string Path, string Whole, string[] Candidates)[] all = [.. files.Select(static file => (file.Path, file.Whole, CandidatesOf(file.Whole)))];
        var users = all.SelectMany(static file => file.Candidates)
            .CountBy(static candidate => candidate, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        return all.ToDictionary(
            static file => file.Path, file => Array.Find(file.Candidates, candidate => users[candidate] == 1) ?? WithHash(file.Path, file.Whole),
            StringComparer.Ordinal);
    }

    private static string[] CandidatesOf(string whole)
    {
        string name = Path.GetFileName(whole);
        string[] candidates = [QuantizationTag.Of(name), QuantizationTag.NameOf(name), QuantizationTag.NameOf(whole)];
        return [.. candidates.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static string WithHash(string path, string whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{QuantizationTag.NameOf(whole)}-{HashOf(path):x8}");

    // FNV-1a: it must be the same after each start, and nobody gains by two files with one hash.
    private static uint HashOf(string path) =>
        Encoding.UTF8.GetBytes(path).Aggregate(2_166_136_261u, static (hash, letter) => unchecked((hash ^ letter) * 16_777_619u));
}

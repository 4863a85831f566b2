namespace ModelRunner.Store.HuggingFace;

/// <summary>Which image projector belongs to a model: the one in the nearest folder, and of several there F16, BF16, Q8_0 or F32, in this order.</summary>
internal static class ProjectorRule
{
    private static readonly string[] Order = ["F16", "BF16", "Q8_0", "F32"];

    /// <summary>The projector; null: there is none.</summary>
    public static RepositoryFile? Choose(IEnumerable<RepositoryFile> projectors, string modelPath) => projectors
        .Where(file => IsAbove(FolderOf(file.Path), FolderOf(modelPath)))
        .OrderByDescending(static file => FolderOf(file.Path).Length)
        .ThenBy(static file => RankOf(file.Path)).ThenBy(static file => file.Path, StringComparer.Ordinal).FirstOrDefault();

    private static bool IsAbove(string folder, string inner) => folder.Length == 0 || (inner + "/").StartsWith(folder + "/", StringComparison.Ordinal);

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var end ? path[..end] : "";

    private static int RankOf(string path)
    {
        string name = RepositoryModels.NameOf(path).ToUpperInvariant();

        // The letters of F16 are in BF16 too, which is the later one in the list.
        int rank = Array.FindLastIndex(Order, precision => name.Contains(precision, StringComparison.Ordinal));
        return rank < 0 ? Order.Length : rank;
    }
}

using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Groups the GGUF files of a repository: parts together, image projectors apart, and what is no model left out, as llama.cpp does.</summary>
internal sealed class RepositoryModels
{
    // Importance matrices, and drafts for other models.
    private static readonly string[] NoModels = ["imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"];

    private RepositoryModels(IReadOnlyList<RepositoryModel> models, IReadOnlyList<RepositoryFile> projectors) => (Models, Projectors) = (models, projectors);

    /// <summary>The models in order of their paths.</summary>
    public IReadOnlyList<RepositoryModel> Models { get; }

    /// <summary>The image projectors in order of their paths.</summary>
    public IReadOnlyList<RepositoryFile> Projectors { get; }

    /// <summary>Groups files.</summary>
    public static RepositoryModels Of(IEnumerable<RepositoryFile> files)
    {
        var groups = new SortedDictionary<string, List<RepositoryFile>>(StringComparer.Ordinal);
        var projectors = new List<RepositoryFile>();
        IEnumerable<RepositoryFile> distinct = files.DistinctBy(static file => file.Path, StringComparer.Ordinal);
        foreach (RepositoryFile file in distinct.OrderBy(static file => file.Path, StringComparer.Ordinal))
        {
            string name = NameOf(file.Path);
            if (name.Contains("mmproj", StringComparison.OrdinalIgnoreCase))
                projectors.Add(file);
            else if (!NoModels.Any(mark => name.Contains(mark, StringComparison.OrdinalIgnoreCase)))
                Add(groups, ShardName.TryParse(file.Path, out ShardName shard) ? shard.PathOf(1) : file.Path, file);
        }

        // A quantization of several models names none of them.
        var taken = groups.Keys.GroupBy(static first => QuantizationTag.Of(WholeNameOf(first)), StringComparer.OrdinalIgnoreCase)
            .Where(static same => same.Skip(1).Any()).Select(static same => same.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new RepositoryModels([.. groups.Select(group => Describe(group.Key, group.Value, taken))], projectors);
    }

    /// <summary>The name of a file without its folders.</summary>
    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The name of the file of a model without its folders and without the numbers of a part.</summary>
    public static string WholeNameOf(string first) => NameOf(ShardName.TryParse(first, out ShardName shard) ? $"{shard.Stem}.gguf" : first);

    private static void Add(SortedDictionary<string, List<RepositoryFile>> groups, string key, RepositoryFile file)
    {
        if (groups.TryGetValue(key, out List<RepositoryFile>? group))
            group.Add(file);
        else
            groups.Add(key, [file]);
    }

    private static RepositoryModel Describe(string first, List<RepositoryFile> files, HashSet<string> taken)
    {
        string name = WholeNameOf(first);
        int count = ShardName.TryParse(first, out ShardName shard) ? shard.Count : 1;
        return new RepositoryModel(QuantizationTag.Choose(name, taken), files)
        {
            Quantization = QuantizationTag.Of(name), Problem = ProblemOf(files, count),
        };
    }

    private static string? ProblemOf(List<RepositoryFile> files, int count)
    {
        if (files.Count != count)
            return string.Create(CultureInfo.InvariantCulture, $"has {files.Count} of its {count} parts; tell its owner");
        if (files.Find(static file => file.Size > HubClient.MaxFileBytes) is { } large)
        {
            return $"has a file of {FileSizeText.Format(large.Size)}, and Hugging Face sends no file over 50 GB by https; "
                + "pull a smaller quantization or one in several parts";
        }

        return files.Find(static file => file.Digest is null) is { } unknown
            ? $"has the file {Texts.Printable(NameOf(unknown.Path), 80)} without a SHA-256, so it could not be verified; its owner must store it with Git LFS"
            : null;
    }
}

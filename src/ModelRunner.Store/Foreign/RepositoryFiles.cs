using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>The GGUF files of one repository on disk, grouped into models: shards together, image projectors apart. Used by one thread.</summary>
internal sealed class RepositoryFiles(ForeignScan scan)
{
    private const string Extension = ".gguf";

    // Files that are GGUF and no models, as llama.cpp leaves them out: importance matrices and drafts.
    private static readonly string[] NoModels = ["imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"];

    private readonly SortedDictionary<string, List<string>> _models = new(StringComparer.Ordinal);
    private readonly List<string> _projectors = [];

    /// <summary>Whether there is a model.</summary>
    public bool HasModels => _models.Count > 0;

    /// <summary>Collects the files in a folder and, down to a depth, in the folders in it. Files that are not complete are left out.</summary>
    public void Collect(string folder, int depth)
    {
        foreach (string name in scan.NamesIn(folder))
        {
            string path = Path.Join(folder, name);
            if (name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
                Take(path, name);
            else if (depth > 0 && !scan.IsCut && FileStatus.Of(path).Kind == FileKind.Folder)
                Collect(path, depth - 1);
        }
    }

    /// <summary>
    /// Adds the models under their tags. A tag never changes its file because another one is added: see <see cref="OwnTags"/>.
    /// </summary>
    /// <param name="repository">The name before the tag.</param>
    /// <param name="root">The folder with the files of the repository.</param>
    /// <param name="revisions">The revisions of the repository that the files are; none: not known.</param>
    public void AddTo(string repository, string root, params IReadOnlyList<string> revisions)
    {
        IReadOnlyDictionary<string, string> tags =
            OwnTags.Choose([.. _models.Keys.Select(first => Path.GetRelativePath(root, first)).Select(static path => (path, WholeOf(path)))]);
        _projectors.Sort(StringComparer.Ordinal);
        foreach ((string first, List<string> shards) in _models)
        {
            shards.Sort(StringComparer.Ordinal);
            string path = Path.GetRelativePath(root, first);
            int count = ShardName.TryParse(first, out ShardName shard) ? shard.Count : 1;
            var model = new ForeignModel($"{repository}:{tags[path]}", shards, count)
            {
                Digests = DigestsOf(shards), Projectors = _projectors,
                HubFiles = [.. revisions.Select(revision => new HubFile(revision, path))],
            };
            if (!scan.Add(model))
                return;
        }
    }

    // A link to a file that does not exist is a download that has not ended, or a file that was deleted. A pipe or a device is no model.
    private void Take(string path, string name)
    {
        FileStatus status = FileStatus.Of(scan.Expect(path));
        if (status.Kind == FileKind.Denied)
            scan.Report($"has a file {ForeignScan.Show(path)} that this user may not read");
        if (!status.IsRegular || NoModels.Any(mark => name.Contains(mark, StringComparison.OrdinalIgnoreCase)))
            return;

        if (name.Contains("mmproj", StringComparison.OrdinalIgnoreCase))
            _projectors.Add(path);
        else if (ShardName.TryParse(path, out ShardName shard))
            Add(shard.PathOf(1), path);
        else
            Add(path, path);
    }

    // Without the numbers of a shard.
    private static string WholeOf(string first) => ShardName.TryParse(first, out ShardName shard) ? shard.Stem : first;

    private void Add(string key, string path)
    {
        if (_models.TryGetValue(key, out List<string>? shards))
            shards.Add(path);
        else
            _models.Add(key, [path]);
    }

    // The cache of Hugging Face names its files by their digests, and links lead to them.
    private static Digest[] DigestsOf(List<string> shards)
    {
        Digest[] known = [.. shards.Select(ContentName.DigestOf).OfType<Digest>()];
        return known.Length == shards.Count ? known : [];
    }
}

using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Finds the GGUF files below a folder. Links are followed, since the caches of other tools consist of them. Bounded in depth and count,
/// and not misled by links that lead in circles.
/// </summary>
internal sealed class StoreScanner
{
    /// <summary>Folders within folders.</summary>
    public const int MaxDepth = 8;

    /// <summary>Files in all; the rest is left out.</summary>
    public const int MaxFiles = 10_000;

    /// <summary>Entries of folders that one look reads, models or not. A link to <c>/</c> would make a look read the whole disk.</summary>
    public const int MaxEntries = 200_000;

    private const string Extension = ".gguf";
    private const int MaxShownName = 200;
    private const int MaxProblems = 100;

    private static readonly EnumerationOptions Options = new()
    {
        IgnoreInaccessible = false, RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None, ReturnSpecialDirectories = false,
    };

    private readonly string _root;
    private readonly SortedDictionary<string, List<string>> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _projectors = new(StringComparer.Ordinal);
    private readonly HashSet<FileId> _visited = [];
    private readonly List<string> _problems = [];
    private int _files;
    private int _entries;
    private bool _isCut;

    private StoreScanner(string root) => _root = root;

    /// <summary>Looks at everything below a folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="isOptional">Whether it is no problem where the folder is missing.</param>
    public static StoreListing Scan(string root, bool isOptional = false)
    {
        var scanner = new StoreScanner(root);
        FileStatus status = FileStatus.Of(root);
        if (status.Kind == FileKind.Folder)
            scanner.Collect(root, status, MaxDepth);
        else if (!isOptional || status.Kind != FileKind.Missing)
            scanner._problems.Add($"the model store {DescribeNoFolder(root, status.Kind)}; create it, or name another folder in MODELS_PATH");

        if (scanner._isCut)
            scanner._problems.Add($"the model store has more than {MaxFiles} models or {MaxEntries} entries; the rest is left out");
        return new StoreListing(scanner.Group(), scanner._problems);
    }

    /// <summary>The projector that belongs to a model of any folder by its name; null where there is none or the folder cannot be read.</summary>
    public static string? FindProjector(ModelFile model)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { Path.GetFileName(model.ShownName) };
        var projectors = new List<string>();
        string folder = Path.GetDirectoryName(model.Path)!;
        try
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*" + Extension, Options).Take(MaxFiles))
            {
                if (ProjectorChoice.IsProjector(entry.Name))
                    projectors.Add(Path.Join(folder, entry.Name));
                else if (!ShardName.TryParse(entry.Name, out _) && !entry.Name.StartsWith('.'))
                    names.Add(entry.Name);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What is wrong with the folder shows at the model itself.
        }

        return projectors.Count == 0 ? null : ProjectorChoice.Choose(Path.GetFileName(model.ShownName), names, projectors);
    }

    private void Collect(string path, FileStatus status, int depth)
    {
        if (depth < 0 || !_visited.Add(status.Id))
            return;

        try
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(path).EnumerateFileSystemInfos("*", Options))
            {
                _isCut |= ++_entries > MaxEntries;
                if (_isCut)
                    return;
                if (!entry.Name.StartsWith('.'))
                    Take(entry, Path.Join(path, entry.Name), depth);
            }
        }
        catch (UnauthorizedAccessException)
        {
            ReportClosed(path);
        }
        catch (IOException)
        {
            // A folder that vanishes while it is looked at holds no models.
        }
    }

    private void Take(FileSystemInfo entry, string path, int depth)
    {
        if (entry is DirectoryInfo)
        {
            FileStatus status = FileStatus.Of(path);
            if (status.Kind == FileKind.Folder)
                Collect(path, status, depth - 1);
            else if (status.Kind == FileKind.Denied)
                ReportClosed(path);
            else if (IsNotUtf8(entry.Name))
                Report($"the name of the folder {Show(path)} is not UTF-8; rename it to use its models");
        }
        else if (entry.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
        {
            if (++_files > MaxFiles)
                _isCut = true;
            else
                Take(path, entry.Name);
        }
    }

    private void Take(string path, string name)
    {
        if (IsNotUtf8(name) && FileStatus.Of(path).Kind == FileKind.Missing)
            Report($"the name of the file {Show(path)} is not UTF-8; rename it to use it");
        else if (ProjectorChoice.IsProjector(name))
            Add(_projectors, Path.GetDirectoryName(path)!, path);
        else
            Add(_models, ShardName.TryParse(path, out ShardName shard) ? shard.PathOf(1) : path, path);
    }

    private List<ModelFile> Group()
    {
        foreach (List<string> projectors in _projectors.Values)
            projectors.Sort(StringComparer.Ordinal);

        var models = new List<ModelFile>(_models.Count);
        foreach ((string first, List<string> paths) in _models)
        {
            paths.Sort(StringComparer.Ordinal);
            bool isShard = ShardName.TryParse(first, out ShardName shard);
            string shown = Path.GetRelativePath(_root, isShard ? shard.Stem + Extension : first);
            models.Add(ModelFile.Describe(shown, paths, isShard ? shard.Count : 1));
        }

        return ProjectorChoice.Assign(models, _projectors, _root, _problems);
    }

    private static string DescribeNoFolder(string path, FileKind kind) =>
        kind == FileKind.Missing ? GgufHeaderReader.DescribeUnreadable(path).Replace("a file", "a folder", StringComparison.Ordinal)
            : kind == FileKind.Denied ? "may not be read by this user" : "is not a folder";

    // .NET puts this character where bytes are not UTF-8; the path then leads to nothing.
    private static bool IsNotUtf8(string name) => name.Contains('\ufffd', StringComparison.Ordinal);

    private void ReportClosed(string path) =>
        Report($"the folder {Show(path)} of the model store may not be read by this user; its models are left out");

    private void Report(string problem)
    {
        if (_problems.Count < MaxProblems)
            _problems.Add(problem);
    }

    private string Show(string path) => PlainText.EscapeAndCut(Path.GetRelativePath(_root, path), MaxShownName);

    private static void Add(IDictionary<string, List<string>> lists, string key, string path)
    {
        if (lists.TryGetValue(key, out List<string>? list))
            list.Add(path);
        else
            lists.Add(key, [path]);
    }
}

using System.IO.Enumeration;
using ModelRunner.Linux;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

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

    /// <summary>Entries of folders that one scan reads, models or not. With a link to <c>/</c>, a scan would read the whole disk.</summary>
    public const int MaxEntries = 200_000;

    /// <summary>
    /// Folders that are watched. A link to <c>/usr</c> would cost ten thousand watches, and each change there a scan. The other folders are read from time
    /// to time.
    /// </summary>
    public const int MaxWatched = 2000;

    // Files whose name is no model's. To find links to folders that do not exist yet, each costs a system call.
    private const int MaxLinkCandidates = 10_000;

    private const string Extension = ".gguf";
    private const int MaxShownName = 200;
    private const int MaxProblems = 100;
    private const int MaxShownClosedFolders = 3;

    private static readonly EnumerationOptions Options = new()
    {
        IgnoreInaccessible = false, RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None, ReturnSpecialDirectories = false,
    };

    private readonly string _root;
    private readonly int _maxEntries;
    private readonly PriorityQueue<(string Path, FileStatus Status), (int Links, int Depth)> _folders = new();
    private readonly KernelFolders _kernelFolders = new();
    private readonly SortedDictionary<string, List<string>> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _projectors = new(StringComparer.Ordinal);
    private readonly HashSet<FileId> _visited = [];
    private readonly List<(string Path, FileId Id)> _deepFolders = [];
    private readonly List<string> _problems = [];
    private int _files;
    private int _entries;
    private int _linkCandidates;
    private int _closedFolders;

    private readonly WatchScan? _watches;

    private StoreScanner(string root, int maxEntries, WatchScan? watches) => (_root, _maxEntries, _watches) = (root, maxEntries, watches);

    private bool IsCut => _files > MaxFiles || _entries > _maxEntries;

    /// <summary>
    /// Scans everything below a folder, near folders first. Folders behind a link come after all others, so a link to a large folder cannot
    /// hide the user's own models.
    /// </summary>
    /// <param name="root">The folder.</param>
    /// <param name="isOptional">Whether the folder may be missing.</param>
    /// <param name="maxEntries">The most entries that are read.</param>
    /// <param name="watches">Gets the folders that are read; null: they are not watched.</param>
    public static StoreListing Scan(string root, bool isOptional = false, int maxEntries = MaxEntries, WatchScan? watches = null)
    {
        if (watches is not null)
            (watches.MaxFolders, watches.Extension) = (MaxWatched, Extension);
        watches?.Root(root);
        var scanner = new StoreScanner(root, maxEntries, watches);
        FileStatus status = FileStatus.Of(root);
        if (status.Kind == FileKind.Folder)
            scanner.CollectAll(status);
        else if (!isOptional || status.Kind != FileKind.Missing)
            scanner._problems.Add($"the models folder {PathProblem.OfFolder(root)}; create it, or name another folder in MODELS_PATH");

        List<ModelFile> models = scanner.Group();
        scanner.ReportLimits();
        return new StoreListing(models, scanner._problems)
        {
            Projectors =
            [
                .. scanner._projectors.Values.SelectMany(static paths => paths)
                    .Select(static path => FilePart.Of(FileStatus.Of(path))).OfType<FilePart>(),
            ],
        };
    }

    /// <summary>A model of any folder with the projector that belongs to it by its name.</summary>
    public static ModelFile WithProjector(ModelFile model) =>
        FindProjector(model) is { } path ? model with { Projector = ModelFile.FromPath(path) } : model;

    // Null if there is none or the folder cannot be read.
    private static string? FindProjector(ModelFile model)
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
            // A problem with the folder is reported for the model.
        }

        return projectors.Count == 0 ? null : ProjectorChoice.Choose(Path.GetFileName(model.ShownName), names, projectors);
    }

    private void CollectAll(FileStatus root)
    {
        _folders.Enqueue((_root, root), (0, 0));
        while (!IsCut && _folders.TryDequeue(out (string Path, FileStatus Status) folder, out (int Links, int Depth) place))
        {
            if (_visited.Add(folder.Status.Id))
                Collect(folder.Path, place);
        }
    }

    private void Collect(string path, (int Links, int Depth) place)
    {
        _watches?.Folder(path);
        try
        {
            foreach ((string name, bool isFolder, bool isLink) in Enumerate(path))
            {
                if (IsCut)
                    return;
                string inner = Path.Join(path, name);
                if (isLink)
                    _watches?.Link(inner);
                if (isFolder)
                    TakeFolder(inner, name, (place.Links + (isLink ? 1 : 0), place.Depth + 1));
                else if (!IsNamedLikeModel(name))
                    continue;
                else if (++_files <= MaxFiles)
                    Take(inner, name);
            }
        }
        catch (UnauthorizedAccessException)
        {
            ReportClosed(path);
        }
        catch (IOException failure) when (failure.HResult is not (Libc.ErrorTooManyFiles or Libc.ErrorTooManyFilesOfSystem))
        {
            // A folder that is removed during the scan contains no models. If no more files can be opened, the scan fails. .NET puts the error
            // code of the kernel into HResult.
        }
    }

    // Most entries of a large folder are not models. They cost no object and no system call.
    private FileSystemEnumerable<(string Name, bool IsFolder, bool IsLink)> Enumerate(string path) =>
        new(path, static (ref FileSystemEntry entry) => (entry.FileName.ToString(), entry.IsDirectory, IsOtherLink(ref entry)), Options)
        {
            // The entry that exceeds the limit is returned, whatever it is: it ends the loop.
            ShouldIncludePredicate = (ref FileSystemEntry entry) => ++_entries > _maxEntries
                || (!entry.FileName.StartsWith('.') && (IsNamedLikeModel(entry.FileName) || entry.IsDirectory || IsAwaited(ref entry))),
        };

    private static bool IsNamedLikeModel(ReadOnlySpan<char> name) => name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    // Links that are named like models are followed as files.
    private static bool IsOtherLink(ref FileSystemEntry entry) =>
        (entry.IsDirectory || !IsNamedLikeModel(entry.FileName)) && entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    // A link to nothing may become one to a folder.
    private bool IsAwaited(ref FileSystemEntry entry) =>
        _watches is not null && ++_linkCandidates <= MaxLinkCandidates && entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private void TakeFolder(string path, string name, (int Links, int Depth) place)
    {
        // The files of a store have names there that only its list explains.
        if (name == "bundles")
        {
            var store = new StoreFolder(Path.GetDirectoryName(path)!);
            _watches?.Entry(store.LayoutFile);
            if (StoreFolder.IsStore(store.Root))
                return;
        }

        FileStatus status = FileStatus.Of(path);
        if (status.Kind == FileKind.Denied)
            ReportClosed(path);
        else if (status.Kind == FileKind.Folder && !_kernelFolders.Contains(path, status))
            TakeFolder(path, status, place);
        else if (status.Kind != FileKind.Folder && IsNotUtf8(name))
            Report($"the name of the folder {Show(path)} is not UTF-8; rename it to use its models");
    }

    private void TakeFolder(string path, FileStatus status, (int Links, int Depth) place)
    {
        if (place.Depth <= MaxDepth)
            _folders.Enqueue((path, status), place);
        else if (_deepFolders.Count < MaxProblems)
            _deepFolders.Add((path, status.Id));
    }

    private void Take(string path, string name)
    {
        _watches?.Link(path);
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

    // .NET uses this character for bytes that are not UTF-8; the path then leads to no file.
    private static bool IsNotUtf8(string name) => name.Contains('\ufffd', StringComparison.Ordinal);

    private void ReportClosed(string path)
    {
        if (++_closedFolders <= MaxShownClosedFolders)
            Report($"the folder {Show(path)} of the models folder may not be read by this user; its models are left out");
    }

    // These come first, because the list of problems may be truncated when it is shown.
    private void ReportLimits()
    {
        if (_closedFolders > MaxShownClosedFolders)
        {
            int more = _closedFolders - MaxShownClosedFolders;
            _problems.Insert(0, $"{more} more folders of the models folder may not be read by this user; their models are left out");
        }

        // A link may lead back to a folder that was scanned at another place.
        if (_deepFolders.FirstOrDefault(folder => !_visited.Contains(folder.Id)) is { Path: { } deep })
            _problems.Insert(0, $"the folder {Show(deep)} is more than {MaxDepth} folders below the models folder; models there are left out");
        if (_files > MaxFiles)
            _problems.Insert(0, $"the models folder has more than {MaxFiles} models; the scan ended there and the rest is left out");
        else if (_entries > _maxEntries)
            _problems.Insert(0, $"the models folder has more than {_maxEntries} files and folders; the scan ended there and models after them are left out");
    }

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

using System.Globalization;
using System.IO.Enumeration;
using ModelRunner.Linux;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Reads the folders and small files of one tool's stores within limits, and collects what is found. It opens regular files only, takes no lock and
/// writes nothing. Links are followed, because these stores consist of them; a folder is entered once, so links that lead in circles end. Used by one thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="limits">The limits.</param>
/// <param name="watches">Gets everything on which the result depends, before it is read; null: it is not watched.</param>
internal sealed class ForeignScan(TimeProvider time, ScanLimits limits, WatchScan? watches = null)
{
    private const int MaxFile = 4 << 20;
    private const int MaxProblems = 20;
    private const int MaxShownName = 120;

    private static readonly EnumerationOptions Options = new()
    {
        IgnoreInaccessible = false, RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None, ReturnSpecialDirectories = false,
    };

    private readonly long _started = time.GetTimestamp();
    private readonly List<ForeignModel> _models = [];
    private readonly List<string> _problems = [];
    private readonly HashSet<FileId> _visited = [];
    private string? _cut;
    private int _entries;
    private long _bytes;
    private bool _isPresent;

    /// <summary>Whether a limit ended the scan.</summary>
    public bool IsCut => _cut is not null;

    /// <summary>What was found.</summary>
    public ForeignListing Result => new(_models, _cut is null ? _problems : [_cut, .. _problems]) { IsPresent = _isPresent };

    /// <summary>Whether a folder is a store's root that was not read before. A missing one is no problem, one that may not be read is.</summary>
    public bool IsRoot(string path)
    {
        Await(path);
        FileStatus status = FileStatus.Of(path);
        if (status.Kind == FileKind.Denied)
            Report("has a folder that this user may not read");
        _isPresent |= status.Kind is FileKind.Folder or FileKind.Denied;
        return status.Kind == FileKind.Folder && !KernelFileSystem.IsAt(path);
    }

    /// <summary>Says that the result depends on whether a root exists.</summary>
    public void Await(string path) => watches?.Root(path);

    /// <summary>
    /// The names in a folder in ordinal order, without those that begin with a dot. Empty if there is no such folder, or if the folder was read before.
    /// </summary>
    public IReadOnlyList<string> NamesIn(string path)
    {
        _ = Expect(path);
        FileStatus status = FileStatus.Of(path);
        if (status.Kind == FileKind.Denied)
            Report($"has a folder {Show(path)} that this user may not read");
        if (status.Kind != FileKind.Folder || IsCut || !_visited.Add(status.Id))
            return [];

        watches?.Folder(path);
        var names = new List<string>();
        try
        {
            foreach (string name in new FileSystemEnumerable<string>(path, static (ref FileSystemEntry entry) => entry.FileName.ToString(), Options))
            {
                if (!TakeEntry())
                    break;
                if (!name.StartsWith('.'))
                    names.Add(name);
            }
        }
        catch (UnauthorizedAccessException)
        {
            Report($"has a folder {Show(path)} that this user may not read");
        }
        catch (IOException failure) when (failure.HResult is not (Libc.ErrorTooManyFiles or Libc.ErrorTooManyFilesOfSystem))
        {
            // A folder that is removed during the scan contains nothing.
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>The content of a small regular file; null if there is none, if it is too large or may not be read.</summary>
    public byte[]? Read(string path)
    {
        Expect(path);
        FileStatus status = FileStatus.Of(path);
        if (!status.IsRegular || status.SizeBytes > MaxFile || IsCut)
            return null;
        if ((_bytes += status.SizeBytes) > limits.Bytes)
        {
            Cut(string.Create(CultureInfo.InvariantCulture, $"has more than {limits.Bytes >> 20} MiB of manifests; the rest is left out"));
            return null;
        }

        try
        {
            using FileStream? file = RegularFile.Open(path);
            if (file is null)
                return null;

            // A file that grows is cut: its end is not needed, because it is not complete.
            byte[] content = new byte[status.SizeBytes];
            int count = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return content[..count];
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException
            || (failure is IOException && failure.HResult is not (Libc.ErrorTooManyFiles or Libc.ErrorTooManyFilesOfSystem)))
        {
            return null;
        }
    }

    /// <summary>Says that the result depends on a file, whether it exists or not.</summary>
    /// <returns>The path.</returns>
    public string Expect(string path)
    {
        watches?.File(path);
        return path;
    }

    /// <summary>Adds a model.</summary>
    /// <returns>False if there are too many.</returns>
    public bool Add(ForeignModel model)
    {
        if (_models.Count >= limits.Models)
            Cut(string.Create(CultureInfo.InvariantCulture, $"has more than {limits.Models} models; the rest is left out"));
        else
            _models.Add(model);
        return !IsCut;
    }

    /// <summary>Adds a problem, a clause that follows the tool's name.</summary>
    public void Report(string problem)
    {
        if (_problems.Count < MaxProblems)
            _problems.Add(problem);
    }

    /// <summary>The last parts of a path, for a sentence.</summary>
    public static string Show(string path) => PlainText.EscapeAndCut(Path.GetFileName(path), MaxShownName);

    private bool TakeEntry()
    {
        if (++_entries > limits.Entries)
            Cut(string.Create(CultureInfo.InvariantCulture, $"has more than {limits.Entries} files and folders; the rest is left out"));
        else if (time.GetElapsedTime(_started) > limits.Time)
            Cut(string.Create(CultureInfo.InvariantCulture, $"was not read within {limits.Time.TotalSeconds:0} s; the rest is left out"));
        return !IsCut;
    }

    private void Cut(string reason) => _cut ??= reason;
}

namespace ModelRunner.Linux.Files;

/// <summary>Which entries of a folder count for one scan.</summary>
internal sealed class WatchedNames
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _hasAll;
    private string? _folder;

    /// <summary>Adds a name; null: all names that do not begin with a dot.</summary>
    public void Add(string? name)
    {
        if (name is null)
            _hasAll = true;
        else
            _names.Add(name);
    }

    /// <summary>Allows to look at new entries, which never waits there.</summary>
    /// <param name="folder">The path of the folder.</param>
    public void LookIn(string folder) => _folder = folder;

    /// <summary>Whether a change counts.</summary>
    /// <param name="name">The entry; empty: the folder itself.</param>
    /// <param name="extension">The extension of the files that count; null: all files count.</param>
    /// <param name="isFolder">Whether the entry is a folder.</param>
    /// <param name="isNew">Whether the entry has come.</param>
    public bool Contains(string name, string? extension, bool isFolder, bool isNew) => _names.Contains(name)
        || (_hasAll && !name.StartsWith('.') && (name.Length == 0 || isFolder || extension is null
            || name.EndsWith(extension, StringComparison.OrdinalIgnoreCase) || (isNew && MayBeLink(name))));

    // A new link may lead to a folder. A scan has named the links that it found, so the end of one counts in any case.
    private bool MayBeLink(string name) =>
        _folder is null || FileStatus.OfLink(Path.Join(_folder, name)).Kind is not (FileKind.Regular or FileKind.Missing);
}

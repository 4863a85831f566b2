namespace ModelRunner.Linux.Files;

/// <summary>Which entries of a folder count for one scan.</summary>
internal sealed class WatchedNames
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _hasAll;

    /// <summary>Adds a name; null: all names that do not begin with a dot.</summary>
    public void Add(string? name)
    {
        if (name is null)
            _hasAll = true;
        else
            _names.Add(name);
    }

    /// <summary>Whether a change counts.</summary>
    /// <param name="name">The entry.</param>
    /// <param name="isContent">Whether only the content or the attributes of a file changed.</param>
    /// <param name="extension">Such a change counts for files with this extension only; null: for all.</param>
    public bool Contains(string name, bool isContent, string? extension) => _names.Contains(name)
        || (_hasAll && !name.StartsWith('.') && (!isContent || extension is null || name.EndsWith(extension, StringComparison.OrdinalIgnoreCase)));
}

using System.Collections.Concurrent;
using ModelRunner.Linux.Files;

namespace ModelRunner.Store.Layout;

/// <summary>
/// Files whose bytes are wrong and that could not be set aside, for example in a store that can only be read. They count as missing until a check finds them
/// right, or until they are other files. It does not outlive the process, because nothing can be written to such a store. Safe to call from any thread.
/// </summary>
internal sealed class KnownDamage
{
    private readonly ConcurrentDictionary<FileId, FileStatus> _files = new();

    /// <summary>Whether there are such files.</summary>
    public bool IsAny => !_files.IsEmpty;

    /// <summary>Adds a file.</summary>
    /// <param name="hashed">What it was when its bytes were read.</param>
    public void Add(FileStatus hashed) => _files[hashed.Id] = hashed;

    /// <summary>Removes a file, because it is right now or has no name any more.</summary>
    public void Remove(FileStatus file) => _files.TryRemove(file.Id, out _);

    /// <summary>Whether the bytes of a file are wrong. A file that was written since then is another one.</summary>
    public bool Contains(string path) => IsAny && Contains(FileStatus.Of(path));

    /// <inheritdoc cref="Contains(string)"/>
    public bool Contains(FileStatus now) =>
        now.Exists && _files.TryGetValue(now.Id, out FileStatus hashed) && (now.SizeBytes, now.Written) == (hashed.SizeBytes, hashed.Written);
}

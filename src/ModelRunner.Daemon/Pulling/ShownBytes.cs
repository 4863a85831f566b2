using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Pulling;

/// <summary>Remembers how much of each file a client was told. Used by one request.</summary>
internal sealed class ShownBytes
{
    private readonly Dictionary<Digest, long> _shown = [];

    /// <summary>The files that have another number of bytes than at the last call, with this number.</summary>
    public IEnumerable<(FileProgress File, long Bytes)> ReadChanges(IReadOnlyList<FileProgress> files)
    {
        foreach (FileProgress file in files)
        {
            long bytes = file.Bytes;
            if (_shown.TryGetValue(file.File.Digest, out long shown) && shown == bytes)
                continue;
            _shown[file.File.Digest] = bytes;
            yield return (file, bytes);
        }
    }
}

using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Pulls;

/// <summary>How far one file is. One writer, any number of readers.</summary>
/// <param name="file">The file.</param>
internal sealed class FileProgress(Descriptor file)
{
    private long _bytes;
    private volatile FileProgress? _source;

    /// <summary>The file.</summary>
    public Descriptor File => file;

    /// <summary>Bytes that are there and hashed. It never becomes less, also if a server begins again.</summary>
    public long Bytes => Math.Max(Interlocked.Read(ref _bytes), _source?.Bytes ?? 0);

    /// <summary>Shows the progress of a fetch that others began.</summary>
    public void Follow(FileProgress source) => _source = source;

    /// <summary>Says how many bytes are there now.</summary>
    public void Reach(long bytes)
    {
        if (bytes > Interlocked.Read(ref _bytes))
            Interlocked.Exchange(ref _bytes, bytes);
    }
}

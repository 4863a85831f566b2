using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Pulls;

/// <summary>How far one file is. One writer, any number of readers.</summary>
/// <param name="file">The file.</param>
internal sealed class FileProgress(Descriptor file)
{
    private long _bytes;
    private volatile FileProgress? _source;
    private volatile string? _foundIn;

    /// <summary>The file.</summary>
    public Descriptor File => file;

    /// <summary>Bytes that are there. It never becomes less, also if a server begins again.</summary>
    public long Bytes => Math.Max(Interlocked.Read(ref _bytes), _source?.Bytes ?? 0);

    /// <summary>The tool whose file is taken instead of a download; null: it is downloaded, or it was there.</summary>
    public string? FoundIn
    {
        get => _foundIn ?? _source?.FoundIn;
        set => _foundIn = value;
    }

    /// <summary>Shows the progress of a fetch that others began.</summary>
    public void Follow(FileProgress source) => _source = source;

    /// <summary>Says how many bytes are there now.</summary>
    public void Reach(long bytes)
    {
        if (bytes > Interlocked.Read(ref _bytes))
            Interlocked.Exchange(ref _bytes, bytes);
    }
}

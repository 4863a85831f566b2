using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Pushes;

/// <summary>One push. Its state may be read from any thread.</summary>
/// <param name="id">The model.</param>
/// <param name="name">Where it goes: registry, repository and tag.</param>
internal sealed class Push(Digest id, ArtifactName name)
{
    private volatile IReadOnlyList<FileProgress> _files = [];
    private volatile bool _isWaiting = true;
    private volatile bool _isAccepted;

    /// <summary>The model.</summary>
    public Digest Id => id;

    /// <summary>Where it goes.</summary>
    public ArtifactName Name => name;

    /// <summary>Whether other pushes run first.</summary>
    public bool IsWaiting => _isWaiting;

    /// <summary>Whether the registry has begun to take a file, so that the credentials are good.</summary>
    public bool IsAccepted => _isAccepted;

    /// <summary>Its files with the bytes that the registry has, in the order of the manifest; empty until they are known.</summary>
    public IReadOnlyList<FileProgress> Files => _files;

    /// <summary>Bytes of all files; 0 until they are known.</summary>
    public long TotalBytes => _files.Sum(static file => file.File.Size);

    internal void Begin() => _isWaiting = false;

    internal void Accept() => _isAccepted = true;

    internal void Show(IReadOnlyList<FileProgress> files) => _files = files;
}

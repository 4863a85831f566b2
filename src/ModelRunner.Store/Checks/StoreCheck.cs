using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Checks;

/// <summary>One check of models. Its state may be read from any thread.</summary>
/// <param name="entries">The models.</param>
internal sealed class StoreCheck(IReadOnlyList<StoreEntry> entries)
{
    private volatile IReadOnlyList<FileProgress> _files = [];
    private volatile bool _isWaiting;

    /// <summary>The models.</summary>
    public IReadOnlyList<StoreEntry> Entries => entries;

    /// <summary>Whether another check runs first.</summary>
    public bool IsWaiting => _isWaiting;

    /// <summary>The files of all models, each once; empty until it begins.</summary>
    public IReadOnlyList<FileProgress> Files => _files;

    /// <summary>Bytes of all files; 0 until it begins.</summary>
    public long TotalBytes => _files.Sum(static file => file.File.Size);

    internal void Wait() => _isWaiting = true;

    internal void Begin(IReadOnlyList<FileProgress> files) => (_files, _isWaiting) = (files, false);
}

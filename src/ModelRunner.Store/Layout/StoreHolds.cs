using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// The files that this process is using: pulls, loads, pushes and exports hold theirs, whether a model in the list has them or not. Safe to call from any
/// thread.
/// </summary>
internal sealed class StoreHolds
{
    private readonly CountedHolds<Digest> _files = new();

    /// <summary>Keeps files until disposal.</summary>
    public IDisposable Hold(IReadOnlyList<Digest> files) => _files.Hold(files);

    /// <summary>Whether a file is held.</summary>
    public bool Contains(Digest file) => _files.Decide(held => held.Contains(file));

    /// <summary>Removes a file unless it is held. Nobody can begin to hold it meanwhile.</summary>
    /// <param name="file">The file.</param>
    /// <param name="remove">Removes it.</param>
    /// <returns>What that returned; false: the file is held.</returns>
    public bool RemoveUnheld(Digest file, Func<bool> remove) => _files.Decide(held => !held.Contains(file) && remove());
}

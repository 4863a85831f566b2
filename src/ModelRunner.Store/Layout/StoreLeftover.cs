using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>A file of a store that no model needs.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="Digest">The digest that it has, or should have.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Bytes">What it occupies on the disk, space that is reserved for it included; 0 if it has another name.</param>
internal sealed record StoreLeftover(string Name, Digest Digest, LeftoverKind Kind, string Path, long Bytes);

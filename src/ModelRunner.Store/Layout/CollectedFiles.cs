namespace ModelRunner.Store.Layout;

/// <summary>What a collection removed, or would remove.</summary>
/// <param name="Files">Unreferenced files, partial ones included.</param>
/// <param name="Bytes">What they occupy on the disk.</param>
internal readonly record struct CollectedFiles(int Files, long Bytes);

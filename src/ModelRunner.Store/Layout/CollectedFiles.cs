namespace ModelRunner.Store.Layout;

/// <summary>What a collection removed, or would remove.</summary>
/// <param name="Files">Unreferenced files, partial ones included.</param>
/// <param name="Bytes">Their bytes.</param>
internal readonly record struct CollectedFiles(int Files, long Bytes)
{
    public static CollectedFiles operator +(CollectedFiles left, CollectedFiles right) => Add(left, right);

    public static CollectedFiles Add(CollectedFiles left, CollectedFiles right) => new(left.Files + right.Files, left.Bytes + right.Bytes);
}

namespace ModelRunner.Exposition.Writing;

/// <summary>The role of a sample within its family, from its suffix.</summary>
internal enum FamilyPart : byte
{
    /// <summary>The sample with the name of the family, or with <c>_total</c> of a counter, or <c>_info</c> of an info.</summary>
    Value,
    Bucket,
    Sum,
    Count,
    Created,
}

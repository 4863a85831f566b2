namespace ModelRunner.Exposition.Writing;

/// <summary>What a sample is within its family, told from its suffix.</summary>
internal enum FamilyPart : byte
{
    /// <summary>The sample that has the name of the family, or <c>_total</c> of a counter, or <c>_info</c> of an info.</summary>
    Value,
    Bucket,
    Sum,
    Count,
    Created,
}

namespace ModelRunner.Exposition.Reading;

/// <summary>What a line is by its first bytes.</summary>
internal enum LineKind : byte
{
    Blank,
    Comment,
    Help,
    Type,
    Unit,
    Eof,
    Sample,
}

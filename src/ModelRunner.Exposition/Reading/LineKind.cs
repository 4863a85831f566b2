namespace ModelRunner.Exposition.Reading;

/// <summary>The kind of a line, from its first bytes.</summary>
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

namespace ModelRunner.Exposition;

/// <summary>The kind of the current entry of an <see cref="ExpositionReader"/>.</summary>
public enum ExpositionEntryKind
{
    /// <summary>No entry: <see cref="ExpositionReader.Read"/> was not called yet or has returned false.</summary>
    None,

    /// <summary>A HELP line: <see cref="ExpositionReader.Name"/> and <see cref="ExpositionReader.Text"/>.</summary>
    Help,

    /// <summary>A TYPE line: <see cref="ExpositionReader.Name"/> and <see cref="ExpositionReader.Type"/>.</summary>
    Type,

    /// <summary>A UNIT line of OpenMetrics: <see cref="ExpositionReader.Name"/> and <see cref="ExpositionReader.Text"/>.</summary>
    Unit,

    /// <summary>Any other line that begins with a number sign.</summary>
    Comment,

    /// <summary>A sample: name, labels, value, and optionally a timestamp and an exemplar.</summary>
    Sample,

    /// <summary>The end marker of OpenMetrics, <c># EOF</c>. Any line after it is an error.</summary>
    Eof,

    /// <summary>A line that cannot be parsed: <see cref="ExpositionReader.Error"/> is the reason.</summary>
    Error,
}

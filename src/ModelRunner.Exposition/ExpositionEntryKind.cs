namespace ModelRunner.Exposition;

/// <summary>What <see cref="ExpositionReader.Read"/> has found.</summary>
public enum ExpositionEntryKind
{
    /// <summary>Nothing: <see cref="ExpositionReader.Read"/> was not called yet or has returned false.</summary>
    None,

    /// <summary>A HELP line: <see cref="ExpositionReader.Name"/> and <see cref="ExpositionReader.Text"/>.</summary>
    Help,

    /// <summary>A TYPE line: <see cref="ExpositionReader.Name"/> and <see cref="ExpositionReader.Type"/>.</summary>
    Type,

    /// <summary>A UNIT line of OpenMetrics: <see cref="ExpositionReader.Name"/> and <see cref="ExpositionReader.Text"/>.</summary>
    Unit,

    /// <summary>Any other line that begins with a number sign.</summary>
    Comment,

    /// <summary>A sample: name, labels, value, and perhaps a timestamp and an exemplar.</summary>
    Sample,

    /// <summary>The end mark of OpenMetrics. What stands behind it is an error.</summary>
    Eof,

    /// <summary>A line that cannot be read: <see cref="ExpositionReader.Error"/> tells why.</summary>
    Error,
}

namespace ModelRunner.Exposition.Reading;

/// <summary>Deviations that were accepted although Prometheus or expfmt refuses them. Strict mode turns each into an error.</summary>
[Flags]
internal enum Leniency
{
    None = 0,

    /// <summary>A sign or a payload at NaN.</summary>
    SignedNotANumber = 1,

    /// <summary>Two labels with no comma between them.</summary>
    MissingComma = 2,

    /// <summary>An exemplar in a text body.</summary>
    ExemplarInText = 4,

    /// <summary>A type that only OpenMetrics knows in a text body.</summary>
    OpenMetricsTypeInText = 8,

    /// <summary>A byte order mark before the first line.</summary>
    ByteOrderMark = 16,

    /// <summary>An exemplar with labels that are not allowed: a duplicate, a reserved name, or beyond a limit.</summary>
    UnusableExemplar = 32,

    /// <summary>An invalid exemplar. The sample is read without it.</summary>
    InvalidExemplar = 64,
}

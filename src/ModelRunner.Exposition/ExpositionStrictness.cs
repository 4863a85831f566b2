namespace ModelRunner.Exposition;

/// <summary>How <see cref="ExpositionReader"/> handles a line that violates the format.</summary>
public enum ExpositionStrictness
{
    /// <summary>
    /// Accepts all that Prometheus accepts, and also unambiguous deviations: carriage returns, a byte order mark, <c>-nan</c>. A line that
    /// cannot be parsed is an entry of kind <see cref="ExpositionEntryKind.Error"/>, and reading continues with the next line.
    /// </summary>
    Lenient,

    /// <summary>Everything that both Prometheus and expfmt refuse is an error, and reading ends at the first error.</summary>
    Strict,
}

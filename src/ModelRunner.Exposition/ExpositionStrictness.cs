namespace ModelRunner.Exposition;

/// <summary>What <see cref="ExpositionReader"/> does with a line that is not as the format wants it.</summary>
public enum ExpositionStrictness
{
    /// <summary>
    /// As lax as Prometheus, and laxer where the meaning is plain: carriage returns, a byte order mark, <c>-nan</c>. A line that cannot be
    /// read is an entry of kind <see cref="ExpositionEntryKind.Error"/>, and the next line is read.
    /// </summary>
    Lenient,

    /// <summary>Whatever both Prometheus and expfmt refuse is an error, and the first error ends the reading.</summary>
    Strict,
}

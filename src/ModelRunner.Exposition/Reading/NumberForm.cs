namespace ModelRunner.Exposition.Reading;

/// <summary>The form of a value in the body.</summary>
internal enum NumberForm : byte
{
    /// <summary>Not a valid number.</summary>
    Invalid,

    /// <summary>A number that every reader accepts: its bytes are copied.</summary>
    Canonical,

    /// <summary>A number outside the range of a double.</summary>
    OutOfRange,

    /// <summary>Another spelling of <c>NaN</c>.</summary>
    NotANumber,

    /// <summary>A spelling of <c>NaN</c> that Prometheus refuses, such as <c>-nan</c> or <c>-nan(ind)</c>.</summary>
    SignedNotANumber,

    /// <summary>Another spelling of <c>+Inf</c>.</summary>
    PositiveInfinity,

    /// <summary>Another spelling of <c>-Inf</c>.</summary>
    NegativeInfinity,
}

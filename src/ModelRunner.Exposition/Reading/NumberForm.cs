namespace ModelRunner.Exposition.Reading;

/// <summary>What a value is as written.</summary>
internal enum NumberForm : byte
{
    /// <summary>Not a number of the format.</summary>
    Invalid,

    /// <summary>A number that every reader takes: its bytes are passed on.</summary>
    Canonical,

    /// <summary>A number that a double cannot hold.</summary>
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

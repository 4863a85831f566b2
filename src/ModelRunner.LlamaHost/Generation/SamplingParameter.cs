namespace ModelRunner.LlamaHost.Generation;

/// <summary>A number that controls sampling. A request gives it as a member of its JSON, the command line as a default for all requests.</summary>
/// <param name="Member">Its name in a request.</param>
/// <param name="Flags">Its names on the command line; empty: it has none.</param>
/// <param name="Least">The least value.</param>
/// <param name="Most">The greatest value.</param>
/// <param name="IsWhole">Whether it is a whole number.</param>
/// <param name="Help">One line of help.</param>
/// <param name="Apply">Puts the value into the settings.</param>
internal sealed record SamplingParameter(
    string Member,
    string[] Flags,
    double Least,
    double Most,
    bool IsWhole,
    string Help,
    Func<SamplingSettings, double, SamplingSettings> Apply);

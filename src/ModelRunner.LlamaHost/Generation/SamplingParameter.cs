namespace ModelRunner.LlamaHost.Generation;

/// <summary>A numeric sampling parameter. A request sets it as a member of its JSON, the command line as the default of all requests.</summary>
/// <param name="Member">Its name in a request.</param>
/// <param name="Flags">Its names on the command line; empty: it has none.</param>
/// <param name="Least">The smallest value.</param>
/// <param name="Most">The largest value.</param>
/// <param name="IsWhole">Whether it is a whole number.</param>
/// <param name="Help">One line of help.</param>
/// <param name="Apply">Stores the value in the settings.</param>
internal sealed record SamplingParameter(
    string Member,
    string[] Flags,
    double Least,
    double Most,
    bool IsWhole,
    string Help,
    Func<SamplingSettings, double, SamplingSettings> Apply);

namespace ModelRunner.Configuration;

/// <summary>The settings, or everything that is wrong with what the user wrote.</summary>
/// <param name="Draft">The settings with the default in the place of every value that is wrong. They only serve to find further problems.</param>
/// <param name="Written">Where each value was written.</param>
/// <param name="Problems">All problems, in the order of the catalogue.</param>
internal sealed record SettingsOutcome(DaemonSettings Draft, WrittenOptions Written, IReadOnlyList<ConfigurationProblem> Problems)
{
    /// <summary>The settings; null where there is a problem.</summary>
    public DaemonSettings? Settings => Problems.Count == 0 ? Draft : null;
}

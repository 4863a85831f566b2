namespace ModelRunner.Configuration;

/// <summary>The settings, or all problems with the user's options.</summary>
/// <param name="Draft">The settings with the default instead of every wrong value. They only serve to find further problems.</param>
/// <param name="Written">Where each value was set.</param>
/// <param name="Problems">All problems, in the order of the catalogue.</param>
internal sealed record SettingsOutcome(DaemonSettings Draft, WrittenOptions Written, IReadOnlyList<ConfigurationProblem> Problems)
{
    /// <summary>The settings; null if there is a problem.</summary>
    public DaemonSettings? Settings => Problems.Count == 0 ? Draft : null;
}

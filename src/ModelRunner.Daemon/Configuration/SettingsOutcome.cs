namespace ModelRunner.Daemon.Configuration;

/// <summary>The settings, or everything that is wrong with what the user wrote.</summary>
/// <param name="Settings">Null where there is a problem.</param>
/// <param name="Problems">All problems, in the order of the catalogue; empty where there are settings.</param>
internal sealed record SettingsOutcome(DaemonSettings? Settings, IReadOnlyList<ConfigurationProblem> Problems);

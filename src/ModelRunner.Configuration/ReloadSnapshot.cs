namespace ModelRunner.Configuration;

/// <summary>The result of the last reload of the configuration.</summary>
/// <param name="IsSuccessful">Whether it had no problem.</param>
/// <param name="SucceededAt">The time of the last one without a problem.</param>
internal sealed record ReloadSnapshot(bool IsSuccessful, DateTimeOffset SucceededAt);

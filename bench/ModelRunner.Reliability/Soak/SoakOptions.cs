namespace ModelRunner.Reliability.Soak;

/// <summary>What is asked for.</summary>
/// <param name="Time">How long.</param>
/// <param name="Part">The load pauses so often, and the daemon is measured.</param>
/// <param name="WarmUp">So much at the beginning is not part of the slopes.</param>
/// <param name="SamplesPath">The file for the samples; null: none.</param>
internal sealed record SoakOptions(TimeSpan Time, TimeSpan Part, TimeSpan WarmUp, string? SamplesPath);

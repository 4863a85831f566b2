namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>A daemon that was killed during a pull.</summary>
/// <param name="Phase">How far the pull had come.</param>
/// <param name="WasContinued">Whether the next pull continued a file.</param>
internal sealed record PullDeath(PullPhase Phase, bool WasContinued);

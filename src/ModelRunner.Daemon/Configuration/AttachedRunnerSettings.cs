using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Configuration;

/// <summary>A server that already runs and that is scraped and routed to, never started or stopped.</summary>
/// <param name="Backend">The value of the <c>backend</c> label.</param>
/// <param name="Model">The canonical model reference.</param>
/// <param name="Mode">What it serves.</param>
/// <param name="SocketPath">Absolute path of its Unix socket; null where <paramref name="Address"/> is set.</param>
/// <param name="Address">Its http address; null where <paramref name="SocketPath"/> is set.</param>
/// <param name="Replica">The fourth label that tells it from one with the same three; null: none.</param>
internal sealed record AttachedRunnerSettings(
    string Backend, string Model, RunnerMode Mode, string? SocketPath, Uri? Address, string? Replica);

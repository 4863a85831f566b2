namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>How a runner was started.</summary>
/// <param name="Engine">The program.</param>
/// <param name="Reference">The model's canonical reference.</param>
/// <param name="Arguments">The program's arguments; they hold no secrets.</param>
/// <param name="SocketPath">Where it listens.</param>
/// <param name="Probe">Asks it whether it is ready.</param>
internal sealed record RunnerStart(
    RunnerEngine Engine, string Reference, IReadOnlyList<string> Arguments, string SocketPath, ReadinessProbe Probe);

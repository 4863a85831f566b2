using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Engines;

/// <summary>How a runner is started.</summary>
/// <param name="Engine">The program.</param>
/// <param name="Reference">The model's canonical reference.</param>
/// <param name="Arguments">The program's arguments; they hold no secrets.</param>
/// <param name="SocketPath">Where it is to listen.</param>
/// <param name="Endpoint">How it is reached there.</param>
internal sealed record RunnerStart(
    RunnerEngine Engine, string Reference, IReadOnlyList<string> Arguments, string SocketPath, RunnerEndpoint Endpoint);

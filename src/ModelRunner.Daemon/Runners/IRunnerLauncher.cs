using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Starts managed runners. It is all that the scheduling loop knows of processes, so that tests can do without them.</summary>
internal interface IRunnerLauncher
{
    /// <summary><c>llama-server</c>, <c>llama-host</c>, or null where there is no engine; every start fails then.</summary>
    string? Engine { get; }

    /// <summary>Starts a runner. Returns at once; whatever goes wrong is told by <see cref="IManagedRunner.Ready"/>.</summary>
    /// <param name="runner">The start, which no other has.</param>
    /// <param name="key">What it is to serve.</param>
    /// <param name="model">The model, which must have a file.</param>
    IManagedRunner Start(RunnerId runner, RunnerKey key, ModelEntry model);
}

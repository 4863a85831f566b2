using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Starts managed runners. The scheduler loop uses processes only through this interface, so that tests can replace them.</summary>
internal interface IRunnerLauncher
{
    /// <summary>
    /// The engine of models that name none: <c>llama-server</c>, <c>llama-host</c>, or null if there is neither. Then their starts fail.
    /// </summary>
    string? Engine { get; }

    /// <summary>Starts a runner and returns at once. <see cref="IManagedRunner.Ready"/> reports every failure.</summary>
    /// <param name="runner">The identity of this start.</param>
    /// <param name="key">The key that it must serve.</param>
    /// <param name="model">The model. It must have a file or an engine of its own.</param>
    IManagedRunner Start(RunnerId runner, RunnerKey key, ModelEntry model);
}

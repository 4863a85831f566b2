using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>A request to an engine to start a runner.</summary>
/// <param name="Runner">The identity of the start.</param>
/// <param name="Model">The model.</param>
/// <param name="Mode">The mode to serve it in.</param>
/// <param name="Folder">The private folder of the daemon.</param>
internal sealed record StartOrder(RunnerId Runner, ModelEntry Model, RunnerMode Mode, RuntimeFolder Folder)
{
    /// <summary>Keeps the contexts of the runner; null: they are lost.</summary>
    public SlotKeeper? Slots { get; init; }

    /// <summary>The absolute path of a socket that no other start uses.</summary>
    public string SocketPath => Folder.SocketPath(Runner.Value);
}

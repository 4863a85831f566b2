using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>
/// The number of connections from the daemon to a runner that it starts. llama-server uses one thread for each open connection, also for idle
/// ones. If there are more connections than threads, requests wait for seconds until an idle connection is closed.
/// </summary>
internal static class LlamaConnections
{
    /// <summary>llama-server's argument for the number of those threads.</summary>
    public const string ThreadsArgument = "--threads-http";

    // A connection above the number of slots only waits for a slot. This number allows some to wait without hundreds of threads.
    private const int MinForRequests = 64;

    // One for the metrics page, one for the health check, and two that are being closed.
    private const int ForProbes = 4;

    /// <summary>
    /// The number of connections for requests. Further requests wait until one has ended. It is the number of threads that the user set, without
    /// those for probes, and at least one for each slot, so that no slot is idle.
    /// </summary>
    public static int ForRequests(RunnerSettings settings, ModelEntry model)
    {
        int? threads = LlamaArguments.FindInteger(model.Settings.Arguments, ThreadsArgument)
            ?? LlamaArguments.FindInteger(settings.ExtraArguments, ThreadsArgument);

        // llama-server ignores a number below 1.
        return Math.Max(threads >= 1 ? threads.Value - ForProbes : MinForRequests, Math.Max(1, model.Slots));
    }

    /// <summary>
    /// The number of threads of llama-server: always one for each connection, so that there is a free thread for <c>/health</c>. Otherwise the
    /// runner would seem to hang.
    /// </summary>
    public static int ThreadsFor(RunnerSettings settings, ModelEntry model) => ForRequests(settings, model) + ForProbes;
}

using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>
/// How many connections the daemon opens to a runner that it starts. llama-server gives each open connection a thread, idle ones too; where
/// there are more connections than threads, requests wait until an idle connection is closed, which takes seconds.
/// </summary>
internal static class LlamaConnections
{
    /// <summary>llama-server's argument for the number of those threads.</summary>
    public const string ThreadsArgument = "--threads-http";

    // A connection above the number of slots only waits for a slot. This is room for that without hundreds of threads.
    private const int MinForRequests = 64;

    // One that reads the page, one that asks whether the runner lives, and two that are being closed.
    private const int ForProbes = 4;

    /// <summary>
    /// Connections for requests; one more request waits until another has ended. As many as the threads that the user gave leave beside the
    /// probes, but one for each slot: with fewer a slot would stand idle.
    /// </summary>
    public static int ForRequests(RunnerSettings settings, ModelEntry model)
    {
        int? threads = LlamaArguments.FindInteger(model.Settings.Arguments, ThreadsArgument)
            ?? LlamaArguments.FindInteger(settings.ExtraArguments, ThreadsArgument);

        // llama-server takes a number below 1 as not given.
        return Math.Max(threads >= 1 ? threads.Value - ForProbes : MinForRequests, Math.Max(1, model.Slots));
    }

    /// <summary>
    /// The threads that llama-server gets: one for each connection, never fewer, whatever the user gave. A runner without a thread that is
    /// free for <c>/health</c> looks as if it hung.
    /// </summary>
    public static int ThreadsFor(RunnerSettings settings, ModelEntry model) => ForRequests(settings, model) + ForProbes;
}

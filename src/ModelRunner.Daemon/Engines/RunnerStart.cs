using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Engines;

/// <summary>The start of a runner, as its engine plans it.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Reference">The model's canonical reference.</param>
/// <param name="Program">Absolute path of the executable.</param>
/// <param name="Arguments">The program's arguments. They are shown to clients and written to the log.</param>
/// <param name="Environment">All of its variables, as <c>NAME=value</c>.</param>
/// <param name="Endpoint">Its address.</param>
internal sealed record RunnerStart(
    Engine Engine, string Reference, string Program, IReadOnlyList<string> Arguments, IReadOnlyList<string> Environment, RunnerEndpoint Endpoint)
{
    /// <summary>Absolute path of the socket that it listens on; null if it listens on <see cref="Port"/>.</summary>
    public string? SocketPath { get; init; }

    /// <summary>The port on 127.0.0.1 that it listens on; null if it listens on <see cref="SocketPath"/>.</summary>
    public int? Port { get; init; }

    /// <summary>The configured context of one request, in tokens; null: unknown.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>The configured number of layers on graphics cards, as it was written; null: not configured.</summary>
    public string? Layers { get; init; }

    /// <summary>A clause that explains a failed load of a model's file, if the file may be made for another engine; null: none.</summary>
    public string? LoadAdvice { get; init; }

    /// <summary>The canonical reference of the draft model that it loads too; null: none.</summary>
    public string? Draft { get; init; }

    /// <summary>The control group that limits its memory; null: it has no limit.</summary>
    public RunnerGroup? Group { get; init; }

    /// <summary>Keeps its contexts while the model is not loaded; null: they are lost.</summary>
    public SlotKeeper? Slots { get; init; }

    /// <summary>The files of its model.</summary>
    public StartFiles Files { get; init; } = new([]);

    /// <summary>The arguments of its process: without the folder for contexts if that cannot be used.</summary>
    public IReadOnlyList<string> UsableArguments => Slots is { FolderPath: null } ? SlotStore.WithoutFolder(Arguments) : Arguments;

    /// <summary>The name that <c>/v1/models</c> must return before it counts as ready; null: any name.</summary>
    public string? AnswersAs { get; init; }
}

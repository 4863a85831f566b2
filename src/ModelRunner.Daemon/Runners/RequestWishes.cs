using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// What a client says about the scheduling of its request, who it is, and what it may use instead. Without a value, the settings of the model count.
/// </summary>
/// <param name="Priority">The class of the request. It can only be lower than that of the model.</param>
/// <param name="KeepAlive">How long the runner stays loaded after it; negative: until an unload; null: as the model's settings say.</param>
/// <param name="Sender">Whose request it is; null: it is not known.</param>
internal readonly record struct RequestWishes(
    RequestPriority Priority = RequestPriority.Interactive, TimeSpan? KeepAlive = null, RequestSender? Sender = null)
{
    /// <summary>Returns the variants of the model that the client may use too; it reads no file. Null: none are known.</summary>
    public Func<IReadOnlyList<ModelEntry>>? Variants { get; init; }

    /// <summary>Whether the client may not know the name of the model's draft model.</summary>
    public bool HidesDraft { get; init; }

    /// <summary>What the scheduler is told: the needs of the model with these wishes.</summary>
    public RunnerDemand Complete(RunnerDemand ofModel) => ofModel with
    {
        RequestKeepAlive = KeepAlive,
        Priority = Priority > ofModel.Priority ? Priority : ofModel.Priority,
    };
}

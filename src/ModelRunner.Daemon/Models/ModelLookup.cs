using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>The result of a look-up: a model, or one sentence that says why there is none and what to do.</summary>
/// <param name="Model">The model; null if there is a problem.</param>
/// <param name="Problem">One sentence without any path of this machine; null if there is a model.</param>
internal readonly record struct ModelLookup(ModelEntry? Model, string? Problem)
{
    /// <summary>How the look-up ended.</summary>
    public ModelLookupReason Reason { get; init; }

    /// <summary>The canonical reference of the one model that the problem is about; null: it names others or none.</summary>
    public string? Reference { get; init; }

    /// <summary>The backend of this model; null: it is not certain that there is such a model.</summary>
    public string? Backend { get; init; }

    /// <summary>The draft model that the problem is about; null: it is about none.</summary>
    public DraftSource? Draft { get; init; }

    /// <summary>If the model is unknown: the references of models with a similar name, the nearest one first.</summary>
    public IReadOnlyList<string> Similar { get; init; } = [];

    /// <summary>If the model is unknown: the name as the client wrote it, if it is one that can be pulled.</summary>
    public ArtifactName? Pullable { get; init; }

    /// <summary>
    /// Whether only a command pulls it. The configuration has an entry with a name that a file of the models folder may have too, so a request must not
    /// fetch another model of this name.
    /// </summary>
    public bool NeedsCommand { get; init; }

    /// <summary>
    /// The problem of an unknown model, with the command that fetches it. The name is written as the client did, because a registry may distinguish the case.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="end">What follows the command.</param>
    public string ProblemWithPull(ArtifactName name, string end) =>
        $"{Problem}{(Problem!.EndsWith('?') ? "" : ";")} \"model-runner pull {name.ToWrittenString()}\" fetches it{end}";
}

namespace ModelRunner.Daemon.Models;

/// <summary>What the name of a draft model means, before its file is read.</summary>
/// <param name="Name">Its canonical reference; if it means none, the name in the settings.</param>
/// <param name="File">Its file; null: there is none that llama.cpp can load.</param>
/// <param name="Problem">Why there is none, a clause that follows "its draft model", without the advice; null: there is one.</param>
internal sealed record DraftSource(string Name, ModelFile? File, string? Problem)
{
    /// <summary>What can be done in the settings of the model.</summary>
    public const string Remedy = "name another one in its settings, or remove it there (\"model-runner configure MODEL --reset\" if a client has set it)";

    /// <summary>What can be done in the settings of the model, the rest of the clause of a problem.</summary>
    public string Advice { get; private init; } = $"; {Remedy}";

    /// <summary>Whether the name means no model.</summary>
    public bool IsMissing { get; private init; }

    /// <summary>Whether the problem names other models that the name may mean.</summary>
    public bool NamesOthers { get; private init; }

    /// <summary>Finds the draft model of a model by the same rules as the model of a request; null: it has none.</summary>
    /// <param name="owner">The model.</param>
    /// <param name="models">All models.</param>
    public static DraftSource? Find(ModelSource owner, ModelSnapshot models)
    {
        if (owner.Settings.Draft is not { Model: var written })
            return null;
        string name = written.ToString();
        if (models.Find(ModelQuery.Of(written), out string? problem) is not { } found)
        {
            return problem is not null
                ? new DraftSource(name, null, $"is not clear: {problem}") { NamesOthers = true, Advice = "" }
                : new DraftSource(name, null, $"\"{name}\" is not here; pull it") { IsMissing = true, Advice = $", or {Remedy}" };
        }

        name = found.Reference.ToString();
        if (found.Reference == owner.Reference)
            return new DraftSource(name, null, $"\"{name}\" is the model itself");
        if (found.Settings.Engine is { } engine)
            return new DraftSource(name, null, $"\"{name}\" is run by engine {engine.Name} and not by llama.cpp");
        if (found.File is { } file)
            return new DraftSource(name, file, null);

        // An entry whose file may still be pulled.
        return new DraftSource(name, null, $"\"{name}\" has no file here; pull it") { IsMissing = found.IsOnlyAnEntry, Advice = $", or {Remedy}" };
    }
}

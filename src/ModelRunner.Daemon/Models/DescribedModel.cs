using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>A model of another tool, with what its disk told about its files.</summary>
/// <param name="Model">The model.</param>
/// <param name="File">Its file; null: the model has a problem.</param>
/// <param name="Adapters">Its adapters.</param>
internal sealed record DescribedModel(ForeignModel Model, ModelFile? File, IReadOnlyList<ModelFile> Adapters)
{
    /// <summary>Its image projector; null: none.</summary>
    public ModelFile? Projector { get; init; }

    /// <summary>What decides whether another model is the same; null: the model has a problem.</summary>
    public ModelContent? Content { get; init; }

    /// <summary>The other files that belong to it, such as its licenses and its configuration.</summary>
    public IReadOnlyList<FilePart> Others { get; init; } = [];

    /// <summary>All its files. One may be named twice.</summary>
    public IEnumerable<FilePart> Parts =>
        Adapters.Append(File).Append(Projector).OfType<ModelFile>().SelectMany(static file => file.Parts).Concat(Others);
}

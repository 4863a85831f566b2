using ModelRunner.Configuration;
using ModelRunner.Scheduling;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>A named model, before its file is read.</summary>
/// <param name="Reference">The canonical reference.</param>
/// <param name="File">Its file; null if only attached runners serve it, or if it is configured and has no file.</param>
/// <param name="Settings">Its settings in the configuration.</param>
/// <param name="AttachedModes">The modes of the attached runners that serve it.</param>
internal sealed record ModelSource(
    ModelReference Reference, ModelFile? File, ModelSettings Settings, IReadOnlyList<RunnerMode> AttachedModes)
{
    // Each list of models shows it. A copy of this record has the same name and the same file.
    private readonly Lazy<Digest> _computedId = new(() => ModelIds.Compute(Reference.ToString(), File?.SizeBytes ?? 0, File?.Written ?? default));

    /// <summary>Its image projector at the last scan, the configured one or the one in the folder of the file; null: none.</summary>
    public ModelFile? Projector { get; init; }

    /// <summary>Its draft model at the last scan; null: it has none.</summary>
    public DraftSource? Draft { get; init; }

    /// <summary>Where it comes from: its own origin, then those of its other names.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [ModelOrigin.Configuration];

    /// <summary>Other names of the same file.</summary>
    public IReadOnlyList<OtherName> OtherNames { get; init; } = [];

    /// <summary>The names that the configuration gives it beside its own, as far as no other model has them.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Its canonical reference, then its other names.</summary>
    public IEnumerable<string> Names => OtherNames.Select(static name => name.Reference.ToString()).Prepend(Reference.ToString());

    /// <summary>The digests of its manifests, in the order of its names; empty: no store has a manifest of it.</summary>
    public IReadOnlyList<Digest> Manifests { get; init; } = [];

    /// <summary>The files of repositories of Hugging Face that it is: the canonical name of the repository, and the file.</summary>
    public IReadOnlyList<(string Repository, HubFile File)> HubFiles { get; init; } = [];

    /// <summary>Whether nothing but an entry of the configuration is known of it: its file may be in a store that was not read yet.</summary>
    public bool IsOnlyAnEntry => this is { File: null, Foreign: null, AttachedModes.Count: 0, Settings: { Path: null, Engine: null } };

    /// <summary>Its id.</summary>
    public Digest Id => Manifests.Count > 0 ? Manifests[0] : _computedId.Value;

    /// <summary>Its licenses, its configuration and the like, and the files of its other names, as far as they were looked at.</summary>
    public IReadOnlyList<FilePart> OtherParts { get; init; } = [];

    /// <summary>All its files, a copy at another place included; each once.</summary>
    public IReadOnlyList<FilePart> Parts =>
        [.. Files.SelectMany(static file => file.Parts).Concat(OtherParts).DistinctBy(static part => part.Id)];

    /// <summary>What is known of a model of another tool; null: it is none.</summary>
    public ForeignParts? Foreign { get; init; }

    /// <summary>What tools would use beside that, for each of its names that has such parts.</summary>
    public IReadOnlyList<UnusedParts> Unused { get; init; } = [];

    /// <summary>Its file, its image projector and its adapters, as far as it has them.</summary>
    public IEnumerable<ModelFile> Files => new[] { File, Projector }.OfType<ModelFile>().Concat(Foreign?.Adapters ?? []);

    /// <summary>The files that its runners load: its own ones, and that of its draft model, which belongs to another model.</summary>
    public IEnumerable<ModelFile> LoadedFiles => Draft?.File is { } draft ? Files.Append(draft) : Files;

    /// <summary>Makes a model without attached runners.</summary>
    /// <param name="canonical">The canonical reference.</param>
    /// <param name="file">Its file; null: none.</param>
    /// <param name="model">Its settings.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="projector">The image projector that the configuration names; null: it names none.</param>
    public static ModelSource Create(string canonical, ModelFile? file, ModelSettings model, string origin, ModelFile? projector) =>
        new(ModelReference.FromCanonical(canonical), file, model, [])
        {
            Origins = [origin], Projector = model.HasNoProjector ? null : projector ?? file?.Projector,
        };
}

using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>What a model occupies on the disks.</summary>
/// <param name="Source">The model.</param>
/// <param name="Bytes">The bytes of all its files, each counted once.</param>
/// <param name="SharedBytes">Those of them that another model or another program has too, so that they stay occupied without this model.</param>
internal sealed record ModelSpace(ModelSource Source, long Bytes, long SharedBytes)
{
    /// <summary>The space of models, and that of all of them together, in which each file counts once.</summary>
    /// <param name="sources">The models.</param>
    /// <param name="linked">The files that other programs have too.</param>
    public static (IReadOnlyList<ModelSpace> Models, long Total) Measure(IReadOnlyList<ModelSource> sources, IReadOnlySet<FileId> linked)
    {
        (ModelSource Source, IReadOnlyList<FilePart> Parts)[] models =
            [.. sources.Select(static source => (source, source.Parts)).Where(static model => model.Parts.Count > 0)];
        var users = models.SelectMany(static model => model.Parts).CountBy(static part => part.Id).ToDictionary();
        return (
            [
                .. models.Select(model => new ModelSpace(
                    model.Source, model.Parts.Sum(static part => part.DiskBytes),
                    model.Parts.Where(part => users[part.Id] > 1 || linked.Contains(part.Id)).Sum(static part => part.DiskBytes))),
            ],
            models.SelectMany(static model => model.Parts).DistinctBy(static part => part.Id).Sum(static part => part.DiskBytes));
    }
}

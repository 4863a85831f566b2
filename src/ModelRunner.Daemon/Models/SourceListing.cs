using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>What the last scan of one tool's stores found.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Content">The models and problems.</param>
/// <param name="Models">The models with their files.</param>
internal sealed record SourceListing(SourceKind Kind, ForeignListing Content, IReadOnlyList<DescribedModel> Models)
{
    /// <summary>Looks at the files of all models. It may wait for the disk of the tool, so only the thread of its scan may call it.</summary>
    public static SourceListing Describe(SourceKind kind, ForeignListing content) => new(kind, content, [.. content.Models.Select(Describe)]);

    private static DescribedModel Describe(ForeignModel model)
    {
        if (model.Problem is not null)
            return new DescribedModel(model, null, []);
        var file = ModelFile.Describe(PlainText.EscapeAndCut(model.Name, ModelReference.MaxLength), model.Shards, model.ShardCount);
        ModelFile? projector = FindProjector(model) is { } path ? ModelFile.FromPath(path) : null;
        return new DescribedModel(model, file, [.. model.Adapters.Select(static path => ModelFile.FromPath(path, "adapter"))])
        {
            Projector = projector, Content = ModelContent.Of(model, file, projector),
            Others = [.. model.OtherFiles.Select(static path => FilePart.Of(FileStatus.Of(path))).OfType<FilePart>()],
        };
    }

    // All models of a repository are one model in several quantizations, so its projector belongs to each of them.
    private static string? FindProjector(ForeignModel model)
    {
        if (model.Projectors.Count == 0)
            return null;
        string name = Path.GetFileName(model.Shards[0]);
        if (!name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return model.Projectors[0];
        return ProjectorChoice.Choose(ShardName.TryParse(name, out ShardName shard) ? shard.Stem + ".gguf" : name, [name], model.Projectors);
    }
}

using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>What the last scan of one tool's stores found.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Content">The models and problems.</param>
/// <param name="Models">The models with their files.</param>
internal sealed record SourceListing(SourceKind Kind, ForeignListing Content, IReadOnlyList<DescribedModel> Models)
{
    /// <summary>Looks at the files of all models. It may wait for the disk of the tool, so only the thread of its scan may call it.</summary>
    public static SourceListing Describe(SourceKind kind, ForeignListing content) => new(kind, content, [.. content.Models.Select(Describe)]);

    private static DescribedModel Describe(ForeignModel model) => model.Problem is not null
        ? new DescribedModel(model, null, [])
        : new DescribedModel(
            model,
            ModelFile.Describe(PlainText.EscapeAndCut(model.Name, ModelReference.MaxLength), model.Shards, model.ShardCount),
            [.. model.Adapters.Select(static path => ModelFile.FromPath(path, "adapter"))]);
}

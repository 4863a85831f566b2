using System.Globalization;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>What makes a model of a store this model and no other: its weights, its image projector, and what its tool runs it with.</summary>
/// <param name="Keys">Texts that two models have in common if their weights and their settings are the same.</param>
/// <param name="Projector">Its image projector; null: it has none.</param>
internal sealed record ModelContent(IReadOnlyList<string> Keys, ContentFile? Projector)
{
    /// <summary>Describes a model. It may wait for the disk.</summary>
    public static ModelContent Of(ForeignModel model, ModelFile file, ModelFile? projector)
    {
        string rest = string.Create(
            CultureInfo.InvariantCulture,
            $"{model.ContextSize} {model.MaxContext} {(model.ChatTemplate is { } template ? NameOf(template) : "")} "
            + $"{string.Join(' ', model.Arguments)} {string.Join(' ', model.Adapters.Select(NameOf))}");
        var keys = new List<string>();

        // A model that lacks a shard must not stand for one that is complete.
        if (file.MissingShards == 0 && file.Parts.Count == file.Shards.Count)
        {
            keys.Add(string.Create(
                CultureInfo.InvariantCulture, $"{string.Join(' ', file.Parts.Select(static part => $"{part.Id.Device}:{part.Id.Inode}"))} {rest}"));
            if (model.Digests.Count > 0)
                keys.Add($"{string.Join(' ', model.Digests)} {rest}");
        }

        return new ModelContent(keys, ContentFile.Of(projector, projector is null ? null : ContentName.DigestOf(projector.Path)));
    }

    // The same file in two stores has two paths.
    private static string NameOf(string path) => ContentName.DigestOf(path) is { } digest ? digest.ToString() : path;
}

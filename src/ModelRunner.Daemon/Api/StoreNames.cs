using ModelRunner.Configuration;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>The canonical references that the models of the store have in the catalogue.</summary>
internal static class StoreNames
{
    /// <summary>All names of a model, each with its tag.</summary>
    public static IEnumerable<string> Of(StoreEntry entry) => entry.Tags
        .Select(static tag => ArtifactNameParser.TryParse(tag, out ArtifactName? name, out _) ? name!.ToShortString() : null).OfType<string>()
        .Append($"{Digest.Sha256}:{entry.Id.Short}")
        .Select(static name => ModelReference.TryParseWritten(name, out ModelReference reference, out _) ? reference.ToString() : name);
}

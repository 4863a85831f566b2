using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Calls a catalogue and waits for the result.</summary>
internal static class CatalogCalls
{
    public static ModelLookup Find(this ModelCatalog catalog, string reference) =>
        catalog.FindAsync(reference, CancellationToken.None).GetAwaiter().GetResult();

    public static IReadOnlyList<ModelEntry> List(this ModelCatalog catalog) => catalog.ListAsync(CancellationToken.None).GetAwaiter().GetResult();

    public static IReadOnlyList<AliasClash> FindAliasClashes(this ModelCatalog catalog) =>
        catalog.FindAliasClashesAsync(CancellationToken.None).GetAwaiter().GetResult();

    public static IReadOnlyList<string> ListProblems(this ModelCatalog catalog) =>
        catalog.ListProblemsAsync(CancellationToken.None).GetAwaiter().GetResult();
}

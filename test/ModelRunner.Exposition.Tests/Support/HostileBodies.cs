namespace ModelRunner.Exposition.Tests.Support;

/// <summary>The bodies below <c>data/conformance/own-hostile</c>.</summary>
internal static class HostileBodies
{
    private static readonly Lazy<IReadOnlyDictionary<string, byte[]>> Loaded = new(() =>
        Directory.GetFiles(RepositoryRoot.Data("conformance", "own-hostile"), "*.txt")
            .Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes));

    public static IReadOnlyDictionary<string, byte[]> All => Loaded.Value;
}

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>The pages below <c>data/samples</c>, as real programs print them.</summary>
internal static class SamplePages
{
    private static readonly Lazy<IReadOnlyDictionary<string, byte[]>> Loaded = new(() => Directory.GetFiles(RepositoryRoot.Data("samples"), "*.prom")
        .Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes));

    public static IReadOnlyDictionary<string, byte[]> All => Loaded.Value;
}

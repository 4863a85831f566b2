using System.Text;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Telemetry.Tests.Support;

namespace ModelRunner.Fuzz.Running;

/// <summary>The inputs that are mutated: the conformance data, the small sample pages, the Accept headers of scrapers, and responses of llama-server.</summary>
internal static class FuzzCorpus
{
    private const int MaxBytes = 6_000;

    private static readonly Lazy<IReadOnlyList<byte[]>> Loaded = new(Load);

    public static IReadOnlyList<byte[]> Seeds => Loaded.Value;

    private static List<byte[]> Load()
    {
        var folders = new[] { RepositoryRoot.Data("conformance", "promtext"), RepositoryRoot.Data("conformance", "openmetrics"), RepositoryRoot.Data("conformance", "own-hostile"), RepositoryRoot.Data("samples") };
        var files = folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
            .Where(file => Path.GetExtension(file) is not (".json" or ".md" or ".LICENSE") && new FileInfo(file).Length <= MaxBytes);
        return
        [
            .. files.Select(File.ReadAllBytes),
            .. Sample.All.Where(static sample => sample.Body.Length <= MaxBytes).Select(static sample => sample.Body),
            Encoding.ASCII.GetBytes("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
            Encoding.ASCII.GetBytes("gzip;q=1.0, identity;q=0.5, *;q=0"),
        ];
    }
}

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>
/// The pages that other readers are asked about: every sample page by itself, all together, all conformance cases together, and the golden ones.
/// </summary>
internal static class MergedCases
{
    private static readonly Lazy<IReadOnlyDictionary<string, byte[]>> TextPages =
        new(() => Merged().ToDictionary(page => page.Key + ".txt", page => page.Value.Text));

    private static readonly Lazy<IReadOnlyDictionary<string, byte[]>> AllPages = new(() => TextPages.Value
        .Concat(Merged().Select(page => KeyValuePair.Create(page.Key + ".om", page.Value.OpenMetrics))).ToDictionary());

    private static readonly Lazy<IReadOnlyDictionary<string, byte[]>> Utf8Pages = new(() => Merged()
        .SelectMany(page => new[]
        {
            KeyValuePair.Create(page.Key + ".utf8.txt", page.Value.Utf8Text),
            KeyValuePair.Create(page.Key + ".utf8.om", page.Value.Write(ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8)),
        }).ToDictionary());

    /// <summary>In both formats with names in UTF-8.</summary>
    public static IReadOnlyDictionary<string, byte[]> Utf8 => Utf8Pages.Value;

    /// <summary>In text 0.0.4 with classic names.</summary>
    public static IReadOnlyDictionary<string, byte[]> Text => TextPages.Value;

    /// <summary>In both formats; the names of those in OpenMetrics end in <c>.om</c>.</summary>
    public static IReadOnlyDictionary<string, byte[]> TextAndOpenMetrics => AllPages.Value;

    private static Dictionary<string, MergedPages> Merged()
    {
        var pages = SamplePages.All.ToDictionary(page => page.Key, page => new MergedPages().Add(page.Value, model: page.Key));
        pages["all-samples"] = Together(SamplePages.All);
        foreach (var format in new[] { "promtext", "openmetrics" })
            pages["all-" + format] = Together(ConformanceCase.All.Where(item => item.Format == format).ToDictionary(item => item.File, item => item.Bytes));
        pages["own-hostile"] = Together(HostileBodies.All);
        foreach (var folder in Directory.GetDirectories(Path.Combine(RepositoryRoot.Path, "test", "ModelRunner.Exposition.Tests", "Golden", "pages")))
        {
            var bodies = Directory.GetFiles(folder, "?.prom").ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
            pages["golden-" + Path.GetFileName(folder)] = Together(bodies);
        }

        return pages;
    }

    private static MergedPages Together(IReadOnlyDictionary<string, byte[]> bodies)
    {
        var merged = new MergedPages();
        foreach (var (name, body) in bodies)
            merged.Add(body, model: name);
        return merged;
    }
}

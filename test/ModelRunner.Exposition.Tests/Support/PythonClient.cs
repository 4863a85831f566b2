using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Testing;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>Python's prometheus_client, one process for all pages.</summary>
internal static class PythonClient
{
    private static readonly string[] Interpreters = ["/usr/bin/python3", "python3"];

    /// <summary>Reads pages.</summary>
    /// <param name="pages">Text pages, and those in OpenMetrics whose names end in <c>.om</c>.</param>
    /// <param name="cancellation">Ends the process.</param>
    public static async Task<IReadOnlyDictionary<string, PythonReading>> ReadAsync(IReadOnlyDictionary<string, byte[]> pages, CancellationToken cancellation)
    {
        var python = await FindAsync(cancellation);
        var script = Path.Combine(RepositoryRoot.Path, "test", "ModelRunner.Exposition.Tests", "Support", "read_pages.py");
        var input = new MemoryStream();
        foreach (var (name, page) in pages)
        {
            input.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name.Replace(' ', '_')} {page.Length}\n")));
            input.Write(page);
        }

        var (exitCode, output, error) = await ChildProgram.RunAsync(python, [script], input.ToArray(), cancellation);
        Assert.True(exitCode == 0, error);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(line => line.GetProperty("page").GetString()!, Reading);
    }

    /// <summary>Samples in the form of <see cref="PythonReading.Samples"/>.</summary>
    public static IReadOnlyList<string> Expected(IEnumerable<PageFamily> families) => [.. families
        .SelectMany(family => family.Samples.Select(sample => Text(NameOf(family, sample), sample))).Order(StringComparer.Ordinal)];

    /// <summary>What <see cref="ExpositionReader"/> read, in the form of <see cref="WithoutTotal"/>: it knows lines and not families.</summary>
    public static IReadOnlyList<string> Expected(IEnumerable<ReadSample> samples) =>
        WithoutTotal(samples.Select(sample => Text(sample.Name, sample.Labels, sample.Value)));

    /// <summary>Samples whose names have lost their <c>_total</c>, which prometheus_client adds to every counter.</summary>
    public static IReadOnlyList<string> WithoutTotal(IEnumerable<string> samples) =>
        [.. samples.Select(sample => sample.Replace("_total|", "|", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    // prometheus_client calls the samples of a text counter without _total by the name that they had with it.
    private static string NameOf(PageFamily family, PageSample sample) =>
        family.Type == "counter" && sample.Name == family.Name && !family.Name.EndsWith("_total", StringComparison.Ordinal) ? sample.Name + "_total" : sample.Name;

    private static string Text(string name, PageSample sample) =>
        Text(name, sample.Labels.Select(label => KeyValuePair.Create(label.Name, label.Value)), sample.Value);

    private static string Text(string name, IEnumerable<KeyValuePair<string, string>> labels, double value)
    {
        var sorted = labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}");
        var bits = double.IsNaN(value) ? "nan" : BitConverter.DoubleToUInt64Bits(value + 0.0).ToString("x16", CultureInfo.InvariantCulture);
        return $"{name}|{string.Join("|", sorted)}|{bits}";
    }

    private static PythonReading Reading(JsonElement line) => new(
        line.GetProperty("error").GetString(), [.. line.GetProperty("samples").EnumerateArray().Select(sample => sample.GetString()!).Order(StringComparer.Ordinal)]);

    private static async Task<string> FindAsync(CancellationToken cancellation)
    {
        foreach (var python in Interpreters.Where(path => path[0] != '/' || File.Exists(path)))
        {
            try
            {
                var (exitCode, _, _) = await ChildProgram.RunAsync(python, ["-c", "import prometheus_client"], [], cancellation);
                if (exitCode == 0)
                    return python;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // No such interpreter; the next one may be there.
            }
        }

        Prerequisite.Missing("Python's prometheus_client is not installed (Debian: apt-get install python3-prometheus-client).");
        return "";
    }
}

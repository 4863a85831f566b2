using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;

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

    // prometheus_client calls the samples of a text counter without _total by the name that they had with it.
    private static string NameOf(PageFamily family, PageSample sample) =>
        family.Type == "counter" && sample.Name == family.Name && !family.Name.EndsWith("_total", StringComparison.Ordinal) ? sample.Name + "_total" : sample.Name;

    private static string Text(string name, PageSample sample)
    {
        var labels = sample.Labels.OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name}={label.Value}");
        var bits = BitConverter.DoubleToUInt64Bits(double.IsNaN(sample.Value) ? 0 : sample.Value + 0.0).ToString("x16", CultureInfo.InvariantCulture);
        return $"{name}|{string.Join("|", labels)}|{(double.IsNaN(sample.Value) ? "nan" : bits)}";
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

        ExternalTool.Missing("Python's prometheus_client is not installed (Debian: apt-get install python3-prometheus-client)");
        return "";
    }
}

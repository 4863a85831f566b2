using System.Text;

namespace ModelRunner.Reliability.Lab;

/// <summary>Decides whether a metrics page is valid.</summary>
internal static class PageJudge
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Checks what costs little: the type, the line ends, that no series is there twice, and that the daemon's own series are.</summary>
    /// <returns>The first problem; null: none.</returns>
    public static string? Check(string? contentType, string page)
    {
        if (contentType is null || !contentType.StartsWith(TextType, StringComparison.Ordinal))
            return $"the type is {contentType}";
        if (!page.EndsWith('\n'))
            return "the last line has no end";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool isOwn = false;
        foreach (string line in page[..^1].Split('\n'))
        {
            if (line.StartsWith('#'))
                continue;
            int end = line.LastIndexOf(' ');
            if (end < 0)
                return $"the line \"{line}\" has no value";
            if (!seen.Add(line[..end]))
                return $"the series {line[..end]} is there twice";
            isOwn |= line.StartsWith("model_runner_build_info", StringComparison.Ordinal);
        }

        return isOwn ? null : "model_runner_build_info is missing";
    }

    /// <summary>Asks promtool, which parses the page as Prometheus' libraries do.</summary>
    /// <returns>What it says about errors; null: nothing.</returns>
    public static async Task<string?> AskPromtoolAsync(string promtool, string page)
    {
        (int code, string output) = await CommandLineTool.TryRunAsync(promtool, Encoding.UTF8.GetBytes(page), "check", "metrics");

        // 3: it understood the page, and would name some families of the runners otherwise.
        return code is 0 or 3 ? null : $"promtool: {output.Trim()}";
    }

    /// <summary>The value of a series that has all of these texts in its line; null: there is none.</summary>
    public static string? ValueOf(string page, string name, params string[] labels) => page.Split('\n')
        .FirstOrDefault(line => line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal)))
        is { } found ? found[(found.LastIndexOf(' ') + 1)..] : null;
}

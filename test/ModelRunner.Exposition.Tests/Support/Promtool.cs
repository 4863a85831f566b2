using ModelRunner.Testing;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary><c>promtool check metrics</c>: the parser of expfmt and a linter. Only the parser's verdict counts; names are the sources' own.</summary>
internal static class Promtool
{
    /// <summary>The pages that it cannot read, with its words.</summary>
    public static async Task<IReadOnlyList<string>> RefusedAsync(IReadOnlyDictionary<string, byte[]> pages, CancellationToken cancellation)
    {
        var promtool = ExternalTool.Require("promtool");
        var refused = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(pages, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation }, async (page, token) =>
        {
            var (_, output, error) = await ChildProgram.RunAsync(promtool, ["check", "metrics"], page.Value, token);
            if ((output + error).Contains("error while linting", StringComparison.Ordinal))
                refused.Add($"{page.Key}: {error}");
        });
        return [.. refused];
    }
}

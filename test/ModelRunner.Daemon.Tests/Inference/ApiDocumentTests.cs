using ModelRunner.Daemon.Inference;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference;

public sealed class ApiDocumentTests
{
    [Fact]
    public void The_document_lists_exactly_the_inference_routes()
    {
        string document = File.ReadAllText(Path.Join(Repository.Root, "docs", "api.md"));
        int start = document.IndexOf("| Route (POST)", StringComparison.Ordinal);
        string table = document[start..document.IndexOf("\n\n", start, StringComparison.Ordinal)];

        // The first cell of each row has its routes in code quotes.
        IEnumerable<string> listed = table.Split('\n').Skip(2).SelectMany(static row => row.Split('|')[1].Split('`').Where(static (_, index) => index % 2 == 1));

        Assert.Equal(InferenceRoute.All.Select(static route => route.Path).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }
}

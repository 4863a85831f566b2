namespace ModelRunner.Daemon.Tests;

/// <summary>Compares what the code defines with what a document says, and shows what to change in the document.</summary>
internal static class DocumentRows
{
    public static void AssertEqual(IEnumerable<string> defined, IEnumerable<string> written)
    {
        string[] expected = [.. defined];
        string[] actual = [.. written];
        string[] missing = [.. expected.Except(actual, StringComparer.Ordinal)];
        string[] unknown = [.. actual.Except(expected, StringComparer.Ordinal)];

        Assert.True(
            missing.Length + unknown.Length == 0,
            $"Add to the document:\n{string.Join('\n', missing)}\nRemove from the document:\n{string.Join('\n', unknown)}");
        Assert.Equal(expected, actual);
    }
}

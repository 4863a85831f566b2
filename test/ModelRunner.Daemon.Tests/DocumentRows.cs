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
        for (int i = 0; i < expected.Length; i++)
            Assert.True(i < actual.Length && expected[i] == actual[i], $"The order differs; number {i + 1} is:\n{expected[i]}");
        Assert.Equal(expected.Length, actual.Length);
    }
}

namespace ModelRunner.StubRunner;

/// <summary>A request as it came over the wire.</summary>
/// <param name="Method">In the client's spelling.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">In the order in which they came, repeats included.</param>
/// <param name="Body">Whole and decoded from chunks.</param>
/// <param name="Connection">Counts up from 1: which connection it came on.</param>
internal sealed record StubRequest(
    string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body, int Connection)
{
    public string Path => Target.Split('?')[0];

    public string? Header(string name)
    {
        foreach ((string key, string value) in Headers)
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;

        return null;
    }
}

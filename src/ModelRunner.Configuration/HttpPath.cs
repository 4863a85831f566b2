namespace ModelRunner.Configuration;

/// <summary>Checks the paths of a server's pages in the file.</summary>
internal static class HttpPath
{
    private const int MaxLength = 4096;

    /// <summary>Whether a text is a path that begins with one slash and is escaped as in a URL. A query may follow.</summary>
    public static bool IsPossible(string path) =>
        path.Length is > 0 and <= MaxLength && path[0] == '/' && !path.StartsWith("//", StringComparison.Ordinal)
        && !path.AsSpan().ContainsAnyExceptInRange('!', '~') && !path.Contains('#', StringComparison.Ordinal);
}

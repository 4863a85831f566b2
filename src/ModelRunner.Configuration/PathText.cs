namespace ModelRunner.Configuration;

/// <summary>Paths as people write them.</summary>
internal static class PathText
{
    /// <summary>Makes a path absolute: <c>~/</c> is the home folder; any other relative path is relative to <paramref name="origin"/>.</summary>
    public static string Resolve(string path, DaemonOptions options, string origin)
    {
        if (path == "~" || path.StartsWith("~/", StringComparison.Ordinal))
            path = Path.Join(Home(options), path[1..]);

        return Path.GetFullPath(path, origin);
    }

    /// <summary>The home folder by <c>HOME</c>, else by the password file; the working directory for a user without one.</summary>
    public static string Home(DaemonOptions options)
    {
        string? home = options.Variable("HOME") ?? System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        return Path.IsPathRooted(home) ? home : options.WorkingDirectory;
    }

    /// <summary>Whether a text can be a path: it is not empty and contains no NUL.</summary>
    public static bool IsPossible(string path) => path.Length is > 0 and <= 4096 && !path.Contains('\0', StringComparison.Ordinal);
}

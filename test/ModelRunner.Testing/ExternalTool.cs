namespace ModelRunner.Testing;

/// <summary>
/// A program of the outside world that judges our pages.
/// </summary>
internal static class ExternalTool
{
    /// <summary>The path of a program on PATH or in the usual folders.</summary>
    public static string Require(string program)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        foreach (var folder in folders.Append("/usr/bin").Append("/usr/local/bin"))
        {
            var path = Path.Combine(folder, program);
            if (File.Exists(path))
                return path;
        }

        Prerequisite.Missing($"{program} is not installed (Debian: apt-get install prometheus).");
        return program;
    }

    /// <summary>The path of a program that a variable of the environment names.</summary>
    public static string RequireNamedBy(string variable)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        if (!File.Exists(path))
            Prerequisite.Missing($"{variable} names no program; eng/test.sh fetches one and sets it.");
        return path!;
    }
}

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>
/// A program of the outside world that judges our pages. Where it is missing the test is skipped with a reason; under <c>CI=true</c> it fails,
/// so that the judgement cannot get lost.
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

        Missing($"{program} is not installed (Debian: apt-get install prometheus)");
        return program;
    }

    /// <summary>Skips the test, or fails it under CI.</summary>
    public static void Missing(string reason)
    {
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
            Assert.Fail($"{reason}, and under CI=true it must be.");
        Assert.Skip(reason);
    }
}

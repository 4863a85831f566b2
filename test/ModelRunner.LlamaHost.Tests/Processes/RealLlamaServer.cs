namespace ModelRunner.LlamaHost.Tests.Processes;

/// <summary>The real llama-server, where there is one: by <c>LLAMA_SERVER_PATH</c>, or on PATH.</summary>
internal static class RealLlamaServer
{
    public static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable("LLAMA_SERVER_PATH");
        if (named is { Length: > 0 })
            return Directory.Exists(named) ? Path.Join(named, "llama-server") : named;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Join(folder, "llama-server"))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>Gives its path; skips the test where there is none, but never where the tests must be complete.</summary>
    public static string Require()
    {
        if (Find() is { } path)
            return path;
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "There is no llama-server: set LLAMA_SERVER_PATH.");
        Assert.Skip("There is no llama-server on this machine: set LLAMA_SERVER_PATH to compare with it.");
        return "";
    }
}

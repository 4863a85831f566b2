namespace ModelRunner.Testing;

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

    /// <summary>Gives its path, or skips the test where there is none.</summary>
    public static string Require() => Prerequisite.Require(Find(), "There is no llama-server on this machine: set LLAMA_SERVER_PATH.");
}

namespace ModelRunner.ScrapeBenchmark.Aggregators;

/// <summary>Finds the daemon to measure.</summary>
internal static class DaemonFinder
{
    private const string Publish = "dotnet publish src/ModelRunner.Daemon -c Release -o out";

    private static readonly string[] Places = ["out/model-runner", "src/ModelRunner.Daemon/bin/Release/net10.0/model-runner"];

    /// <summary>Finds the daemon.</summary>
    /// <param name="path">The path that the user named; null: search the repository in which this program was built.</param>
    /// <returns>An absolute path.</returns>
    /// <exception cref="BenchmarkException">There is none.</exception>
    public static string Find(string? path)
    {
        string? found = path is null ? Candidates().FirstOrDefault(File.Exists) : Path.GetFullPath(path);
        if (!File.Exists(found))
            throw new BenchmarkException($"{found ?? "the daemon"} is not there; make it with \"{Publish}\", or name another one with --daemon");
        return found;
    }

    private static IEnumerable<string> Candidates()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Join(folder, "model-runner.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder is null ? [] : Places.Select(place => Path.Join(folder, place));
    }
}

namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>A response of a real llama-server (b11669) with the models of this repository.</summary>
/// <param name="Name">The file in the folder <c>data</c>.</param>
/// <param name="Body">The body of the response.</param>
internal sealed record Sample(string Name, byte[] Body)
{
    public static IReadOnlyList<Sample> All { get; } = [.. Directory.EnumerateFiles(FindFolder()).Order(StringComparer.Ordinal)
        .Select(static path => new Sample(Path.GetFileName(path), File.ReadAllBytes(path)))];

    public ResponseFormat Format => Name.EndsWith(".sse", StringComparison.Ordinal) ? ResponseFormat.Events : ResponseFormat.Json;

    public static Sample Get(string name) => All.Single(sample => sample.Name == name);

    private static string FindFolder()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Join(folder, "model-runner.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return Path.Join(folder, "test", "ModelRunner.Telemetry.Tests", "data");
    }
}

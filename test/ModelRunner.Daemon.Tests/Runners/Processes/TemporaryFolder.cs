namespace ModelRunner.Daemon.Tests.Runners.Processes;

/// <summary>A folder of the test's own, with a path short enough for sockets.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mr-t-").FullName;

    public string File(string name) => System.IO.Path.Join(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

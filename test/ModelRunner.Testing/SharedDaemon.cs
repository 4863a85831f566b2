namespace ModelRunner.Testing;

/// <summary>One daemon for all tests of a class that change nothing which another one looks at.</summary>
public sealed class SharedDaemon : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private DaemonFixture? _daemon;

    internal DaemonFixture Daemon => _daemon!;

    internal string FolderPath => _folder.Path;

    public async ValueTask InitializeAsync() => _daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = _folder });

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_daemon is not null)
                await _daemon.DisposeAsync();
        }
        finally
        {
            _folder.Dispose();
        }
    }
}

namespace ModelRunner.Daemon.Hosting;

/// <summary>Keeps the host from handling signals itself: the daemon handles them, since it drains in its own order.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

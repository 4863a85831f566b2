namespace ModelRunner.Daemon.Models;

/// <summary>Scans the models from time to time, so that the metrics page shows what is on the disks also while no client asks for models.</summary>
internal sealed class CatalogRefresh(ModelCatalog catalog, TimeProvider time)
{
    /// <summary>The time between two scans. A scan of folders that did not change reads no disk, because the kernel remembers them.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                await catalog.RefreshAsync(cancellationToken);
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }
}

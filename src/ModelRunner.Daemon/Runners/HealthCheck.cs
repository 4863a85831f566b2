namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Checks the health of a busy runner. A server responds to <c>/health</c>, or to the path that its engine names, at once even if it is busy.
/// A process that is suspended or hangs in a driver accepts the connection and does not respond. Thread-safe.
/// </summary>
internal sealed class HealthCheck(TimeProvider time)
{
    private const int Tries = 3;
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The failure message of a runner that does not respond.</summary>
    public const string NoResponse =
        "it did not respond to 3 health checks in a row, of 2 s each, while other requests or an unload waited for it, and was stopped";

    /// <summary>
    /// Returns false if it did not respond to several checks in a row. Otherwise returns true after a pause, so that the caller can check again
    /// at once. A runner that refuses the connection counts as healthy: its process is about to end.
    /// </summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="gone">Cancelled when the runner ends or is stopped. Then the call throws <see cref="OperationCanceledException"/>.</param>
    public async Task<bool> IsAliveAsync(RunnerEndpoint endpoint, CancellationToken gone)
    {
        for (int i = 0; i < Tries; i++)
        {
            if (!await HasNoResponseAsync(endpoint, gone))
            {
                await Task.Delay(Pause, time, gone);
                return true;
            }
        }

        return false;
    }

    private async Task<bool> HasNoResponseAsync(RunnerEndpoint endpoint, CancellationToken gone)
    {
        using var timeout = new CancellationTokenSource(CheckTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, gone);
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.HealthAddress);
        try
        {
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, either.Token);
            return false;
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return false;
        }
    }
}

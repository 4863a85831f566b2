namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Asks a busy runner whether it lives. llama-server and llama-host answer <c>/health</c> at once, however busy they are; a process that
/// was stopped, or hangs in a driver, takes the connection and is silent.
/// </summary>
internal sealed class LifeCheck(TimeProvider time)
{
    private const int Tries = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>What is said of a runner that does not answer.</summary>
    public const string Silence = "it did not answer /health for 6 s while other requests waited for its place, and was stopped";

    /// <summary>
    /// False where it was silent several times in a row. Otherwise it returns after a pause, so that checks may follow each other. A runner
    /// that takes no connection is not silent: its process is about to end.
    /// </summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="gone">Cancelled when it ends or is stopped; throws <see cref="OperationCanceledException"/> then.</param>
    public async Task<bool> IsAliveAsync(RunnerEndpoint endpoint, CancellationToken gone)
    {
        for (int i = 0; i < Tries; i++)
        {
            if (!await IsSilentAsync(endpoint, gone))
            {
                await Task.Delay(Pause, time, gone);
                return true;
            }
        }

        return false;
    }

    private async Task<bool> IsSilentAsync(RunnerEndpoint endpoint, CancellationToken gone)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, gone);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.BaseAddress, "health"));
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

using System.Net;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Checks the health of attached servers for the list of runners. It does not read their metrics pages, because a read changes the gauges of a
/// llama-server. Calls within one second share the result. Thread-safe.
/// </summary>
internal sealed class AttachedHealth(TimeProvider time)
{
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SharedFor = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task<IReadOnlyDictionary<Scheduling.RunnerId, AttachedState>>? _last;
    private long _lastAt;

    /// <summary>
    /// Returns the attached runners that cannot serve now, after at most one second. A runner that is missing in the result is ready.
    /// </summary>
    public Task<IReadOnlyDictionary<Scheduling.RunnerId, AttachedState>> FindUnavailableAsync(IReadOnlyList<RunnerSnapshot> runners)
    {
        lock (_lock)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_lastAt) >= SharedFor))
                (_last, _lastAt) = (CheckAsync([.. runners.Where(static runner => runner.IsAttached)]), time.GetTimestamp());
            return _last;
        }
    }

    private async Task<IReadOnlyDictionary<Scheduling.RunnerId, AttachedState>> CheckAsync(RunnerSnapshot[] runners)
    {
        using var timeout = new CancellationTokenSource(CheckTimeout, time);
        AttachedState[] states = await Task.WhenAll(runners.Select(runner => CheckAsync(runner.Endpoint, timeout.Token)));
        var unavailable = new Dictionary<Scheduling.RunnerId, AttachedState>();
        for (int i = 0; i < runners.Length; i++)
            if (states[i] != AttachedState.Ready)
                unavailable.Add(runners[i].Id, states[i]);
        return unavailable;
    }

    private static async Task<AttachedState> CheckAsync(RunnerEndpoint? endpoint, CancellationToken timeout)
    {
        if (endpoint is null)
            return AttachedState.Refused;
        try
        {
            // Not every server has this route. Any response shows that the server works.
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.BaseAddress, "health"));
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, timeout);
            return response.StatusCode == HttpStatusCode.ServiceUnavailable ? AttachedState.Loading : AttachedState.Ready;
        }
        catch (OperationCanceledException)
        {
            return AttachedState.Silent;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return AttachedState.Refused;
        }
    }
}

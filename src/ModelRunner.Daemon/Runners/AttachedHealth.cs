using System.Net;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Looks whether attached servers answer, for people who ask what runs. Their metrics pages are not read for it, since reading one changes
/// the figures of a llama-server. Those who ask within a second of each other share the answer.
/// </summary>
internal sealed class AttachedHealth(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SharedFor = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task<IReadOnlyDictionary<Scheduling.RunnerId, AttachedState>>? _last;
    private long _lastAt;

    /// <summary>The attached runners that cannot serve now, after at most a second; those that are missing here can.</summary>
    public Task<IReadOnlyDictionary<Scheduling.RunnerId, AttachedState>> FindUnfitAsync(IReadOnlyList<RunnerSnapshot> runners)
    {
        lock (_gate)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_lastAt) >= SharedFor))
                (_last, _lastAt) = (LookAsync([.. runners.Where(static runner => runner.IsAttached)]), time.GetTimestamp());
            return _last;
        }
    }

    private async Task<IReadOnlyDictionary<Scheduling.RunnerId, AttachedState>> LookAsync(RunnerSnapshot[] runners)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        AttachedState[] states = await Task.WhenAll(runners.Select(runner => LookAsync(runner.Endpoint, patience.Token)));
        var unfit = new Dictionary<Scheduling.RunnerId, AttachedState>();
        for (int i = 0; i < runners.Length; i++)
            if (states[i] != AttachedState.Ready)
                unfit.Add(runners[i].Id, states[i]);
        return unfit;
    }

    private static async Task<AttachedState> LookAsync(RunnerEndpoint? endpoint, CancellationToken patience)
    {
        if (endpoint is null)
            return AttachedState.Refused;
        try
        {
            // Not every server has this route; any answer shows that it lives.
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.BaseAddress, "health"));
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, patience);
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

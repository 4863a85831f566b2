namespace ModelRunner.Daemon.Runners;

/// <summary>Reads the counters of a runner once more before it is stopped, so that runners that live between two scrapes are compared too.</summary>
internal static class LastReading
{
    /// <summary>The most time by which it delays the stop of a runner.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads and compares. Never throws: a page that cannot be read is not compared.</summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="tally">The counts of the daemon.</param>
    /// <param name="time">The clock.</param>
    public static async Task TakeAsync(RunnerEndpoint endpoint, RunnerTally tally, TimeProvider time)
    {
        if (endpoint.MetricsAddress is not { } page || !tally.HasRequests || tally.BeginReading() is not { } begun)
            return;
        try
        {
            using var limit = new CancellationTokenSource(Limit, time);
            using var request = new HttpRequestMessage(HttpMethod.Get, page);
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, limit.Token);
            if (!response.IsSuccessStatusCode)
                return;
            byte[] start = new byte[MaxBytes];
            await using Stream body = await response.Content.ReadAsStreamAsync(limit.Token);
            int length = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, limit.Token);
            if (CounterReading.Find(start.AsSpan(0, length)) is { } reading)
                tally.Compare(begun, reading with { Process = ProcessStartHeader.Of(response) });
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            // It has no page, or did not respond in time.
        }
    }
}

using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Scraping;

/// <summary>Requests <c>/slots</c> of a runner beside its page.</summary>
internal static class SlotReader
{
    /// <summary>How much longer than its page a runner may take for its slots.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    /// <summary>Reads the slots. Never throws: null if the runner does not tell.</summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public static async Task<SlotUsage?> ReadAsync(RunnerEndpoint endpoint, CancellationToken cancellationToken)
    {
        return endpoint.SlotsAddress is { } address && await RunnerDocument.ReadAsync(endpoint, address, cancellationToken) is { } body
            ? SlotUsage.Parse(body)
            : null;
    }

    /// <summary>The slots, if they are there soon after the page.</summary>
    public static async ValueTask<SlotUsage?> EndAsync(Task<SlotUsage?> reading, TimeProvider time)
    {
        if (!reading.IsCompleted)
            await Task.WhenAny(reading, Task.Delay(Patience, time));
        return reading.IsCompletedSuccessfully ? await reading : null;
    }
}

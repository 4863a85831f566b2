using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>Sends a comment every five seconds to a client of a stream that waits. Not thread-safe.</summary>
/// <param name="context">The client's request.</param>
/// <param name="path">The path of the runner.</param>
/// <param name="record">Gets the status, which is sent before there is a response.</param>
/// <param name="time">The clock.</param>
internal sealed class StreamPings(HttpContext context, string path, RequestRecord record, TimeProvider time)
{
    // Proxies and clients close connections on which nothing comes for a while, the most impatient ones after 10 s.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the work has ended, or the client cannot be reached. It does not fail with the work.</summary>
    /// <param name="work">What the client waits for.</param>
    /// <param name="beginning">Called before the headers are sent.</param>
    public async Task WhileAsync(Task work, Action? beginning = null)
    {
        bool canPing = true;
        while (canPing && !await EndsInTimeAsync(work))
            canPing = await TryPingAsync(beginning);
    }

    private async Task<bool> EndsInTimeAsync(Task work)
    {
        using var waited = new CancellationTokenSource();
        Task delay = Task.Delay(Interval, time, waited.Token);
        bool isEnded = await Task.WhenAny(work, delay) == work;
        await waited.CancelAsync();
        return isEnded;
    }

    // The client may have left. That ends the wait too, at its other end.
    private async Task<bool> TryPingAsync(Action? beginning)
    {
        try
        {
            if (WaitingStream.Of(context) is { } stream)
            {
                await stream.PingAsync(context.RequestAborted);
                return true;
            }

            // From here on the client has a status, and an error can only be an event.
            beginning?.Invoke();
            record.FixStatus(StatusCodes.Status200OK);
            await WaitingStream.BeginAsync(context, BrokenResponse.NamesEvents(path), context.RequestAborted);
            return true;
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            return false;
        }
    }
}

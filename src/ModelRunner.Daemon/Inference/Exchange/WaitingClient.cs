using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>The client of a request while the request waits for a runner. Not thread-safe.</summary>
/// <param name="context">The client's request.</param>
/// <param name="request">What a runner will get.</param>
/// <param name="record">Gets the status if it is sent before there is a response.</param>
/// <param name="time">The clock.</param>
internal sealed class WaitingClient(HttpContext context, RunnerRequest request, RequestRecord record, TimeProvider time)
{
    // Proxies and clients close connections on which nothing comes for a while, the most impatient ones after 10 s.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private bool _isAnnounced;

    /// <summary>Gets the place of the request in the queue.</summary>
    public QueueNotice Notice { get; } = new();

    /// <summary>Waits for a runner. The client of a stream gets a comment every five seconds meanwhile.</summary>
    public async Task<AcquireOutcome> WaitAsync(Task<AcquireOutcome> acquiring)
    {
        bool canPing = request.IsStream;
        while (canPing && !await EndsInTimeAsync(acquiring))
            canPing = await TryPingAsync();
        AcquireOutcome acquired = await acquiring;
        Announce();
        return acquired;
    }

    private async Task<bool> EndsInTimeAsync(Task<AcquireOutcome> acquiring)
    {
        using var waited = new CancellationTokenSource();
        Task delay = Task.Delay(Interval, time, waited.Token);
        bool isEnded = await Task.WhenAny(acquiring, delay) == acquiring;
        await waited.CancelAsync();
        return isEnded;
    }

    // The client may have left. That ends the wait too, in the pool.
    private async Task<bool> TryPingAsync()
    {
        try
        {
            if (WaitingStream.Of(context) is { } stream)
            {
                await stream.PingAsync(context.RequestAborted);
                return true;
            }

            // From here on the client has a status, and an error can only be an event.
            Announce();
            record.FixStatus(StatusCodes.Status200OK);
            await WaitingStream.BeginAsync(context, BrokenResponse.NamesEvents(request.Path), context.RequestAborted);
            return true;
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Announce()
    {
        if (_isAnnounced || WaitingStream.Of(context) is not null)
            return;
        _isAnnounced = Notice.Position is not null;
        QueueHeaders.Announce(context.Response, Notice);
    }
}

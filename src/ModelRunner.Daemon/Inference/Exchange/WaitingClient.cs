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
    private readonly StreamPings _pings = new(context, request.Path, record, time);
    private bool _isAnnounced;

    /// <summary>Gets the place of the request in the queue.</summary>
    public QueueNotice Notice { get; } = new();

    /// <summary>Waits for a runner. The client of a stream gets comments meanwhile.</summary>
    public async Task<AcquireOutcome> WaitAsync(Task<AcquireOutcome> acquiring)
    {
        if (request.IsStream)
            await _pings.WhileAsync(acquiring, Announce);
        AcquireOutcome acquired = await acquiring;
        Announce();
        return acquired;
    }

    private void Announce()
    {
        if (_isAnnounced || WaitingStream.Of(context) is not null)
            return;
        _isAnnounced = Notice.Position is not null;
        QueueHeaders.Announce(context.Response, Notice);
    }
}

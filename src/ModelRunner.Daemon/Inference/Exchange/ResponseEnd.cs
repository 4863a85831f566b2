using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Inference.Recording;
using ModelRunner.Daemon.Ledger;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>Counts a request before the last part of its response is sent to the client. Not thread-safe.</summary>
/// <param name="ledger">Stores and counts the request.</param>
/// <param name="record">The request; reads the response as it passes.</param>
internal sealed class ResponseEnd(RequestLedger ledger, RequestRecord record)
{
    public RequestRecord Record => record;

    /// <summary>Gets what the client gets; null: it is not recorded.</summary>
    public BodyCopy? Copy { get; init; }

    /// <summary>The response is complete. Its last part must be sent after the returned task completed.</summary>
    public ValueTask CompleteAsync()
    {
        record.EndResponse();
        record.Outcome = record.OutcomeOfWhole;
        return ledger.EndAsync(record);
    }

    /// <summary>The runner broke off the response. The event that says so must be sent after the returned task completed.</summary>
    public ValueTask BreakAsync()
    {
        record.Outcome = RequestOutcome.RunnerFailed;
        return ledger.EndAsync(record);
    }
}

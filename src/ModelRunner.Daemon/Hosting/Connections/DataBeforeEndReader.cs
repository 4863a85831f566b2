using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Reports the end of the client's data only after all data before it was read. Kestrel gives up a request as soon as it sees the end, even
/// if the data that came with it completes the request.
/// </summary>
internal sealed class DataBeforeEndReader(PipeReader inner) : PipeReader
{
    private ReadOnlySequence<byte> _withheld;
    private bool _isWithheld;
    private bool _isAllExamined;

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
            return false;

        result = Withhold(result);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Withhold(read.Result)) : WaitAsync(read);
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_isWithheld)
        {
            _isAllExamined = _withheld.Slice(examined).IsEmpty;
            (_isWithheld, _withheld) = (false, default);
        }

        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read) => Withhold(await read);

    private ReadResult Withhold(ReadResult result)
    {
        if (!result.IsCompleted || result.Buffer.IsEmpty || _isAllExamined)
            return result;

        (_isWithheld, _withheld) = (true, result.Buffer);
        return new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false);
    }
}

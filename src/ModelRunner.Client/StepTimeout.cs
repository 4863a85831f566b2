namespace ModelRunner.Client;

/// <summary>The time limit of one step of a request. The caller can cancel the step too, which is not a timeout.</summary>
internal sealed class StepTimeout : IDisposable
{
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _either;

    /// <param name="limit">How long the step may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the step.</param>
    public StepTimeout(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _late = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, cancellation);
    }

    /// <summary>Cancelled when the time is over, or by the caller.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over and the caller did not cancel.</summary>
    public bool IsOver => _late.IsCancellationRequested && !_cancellation.IsCancellationRequested;

    /// <summary>Starts the time again with this limit.</summary>
    public void Restart(TimeSpan limit) => _late.CancelAfter(limit);

    public void Dispose()
    {
        _either.Dispose();
        _late.Dispose();
    }
}

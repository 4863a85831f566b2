using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Http;

/// <summary>
/// The body of a response. A read fails if no byte comes within a time, or if the connection breaks. A short body whose length the server
/// had given is such a break.
/// </summary>
internal sealed class BodyStream(Stream inner, string host, TimeSpan stallTimeout, TimeProvider time) : ForwardStream
{
    private readonly CancellationTokenSource _patience = new(Timeout.InfiniteTimeSpan, time);

    /// <exception cref="RemoteException">The connection broke, or stalled.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _patience.CancelAfter(stallTimeout);
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _patience);
        try
        {
            return await inner.ReadAsync(buffer, _patience.Token);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new RemoteException(
                RemoteReason.Stalled, FormattableString.Invariant($"{host} sent nothing for {stallTimeout.TotalSeconds:0.#} s, which is the limit; try again"));
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new RemoteException(RemoteReason.ConnectionLost, $"the connection to {host} broke before the response was complete; try again", failure);
        }
        finally
        {
            _patience.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _patience.Dispose();
        }

        base.Dispose(disposing);
    }
}

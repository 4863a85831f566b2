namespace ModelRunner.Daemon.Responses;

/// <summary>Sends parts of a response without an end. A client that does not read is disconnected, so that it holds nothing for ever.</summary>
/// <param name="response">The response.</param>
/// <param name="time">The clock.</param>
internal sealed class TimedBody(HttpResponse response, TimeProvider time)
{
    /// <summary>How long a client may take to accept one part.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Sends a part now.</summary>
    /// <param name="part">The bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The client did not read in time, and is disconnected; or the wait was ended.</exception>
    public Task WriteAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken) => DoAsync(
        async token =>
        {
            await response.Body.WriteAsync(part, token);
            await response.Body.FlushAsync(token);
        },
        cancellationToken);

    /// <summary>Does something that sends bytes, with the same limit.</summary>
    public async Task DoAsync(Func<CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await send(both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            response.HttpContext.Abort();
            throw;
        }
    }
}

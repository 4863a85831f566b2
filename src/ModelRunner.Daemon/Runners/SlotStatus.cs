namespace ModelRunner.Daemon.Runners;

/// <summary>One slot of a llama-server, as it reports it.</summary>
/// <param name="Id">Its number, from 0.</param>
/// <param name="IsProcessing">Whether a request is running in it.</param>
/// <param name="WasUsed">Whether a request came to it since the start of the process. A restore does not count.</param>
/// <param name="Tokens">The tokens in its context; null: it does not tell, as a slot that was never used.</param>
internal readonly record struct SlotStatus(int Id, bool IsProcessing, bool WasUsed, long? Tokens)
{
    /// <summary>The number of the last request in it; a later request has a higher one. 0: there was none.</summary>
    public long LastTask { get; init; }
}

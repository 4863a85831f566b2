namespace ModelRunner.Daemon.Hosting;

/// <summary>The daemon cannot listen on a configured address. The message is one sentence for the user.</summary>
internal sealed class ListenException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether another program uses the TCP port.</summary>
    public bool IsPortTaken { get; init; }
}

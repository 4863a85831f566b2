namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>A body that waits for memory. All members but the task belong to the budget's lock.</summary>
/// <param name="share">Whose body.</param>
/// <param name="bytes">How much it waits for.</param>
/// <param name="since">Since when.</param>
internal sealed class BodyWaiter(BodyShare share, long bytes, long since)
{
    public BodyShare Share => share;

    public long Bytes => bytes;

    public long Since => since;

    /// <summary>Its place in the queue; null when it waits no longer.</summary>
    public LinkedListNode<BodyWaiter>? Node { get; set; }

    /// <summary>True where it got the memory.</summary>
    public TaskCompletionSource<bool> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>A body that waits for memory. The budget's lock guards all members but the task.</summary>
/// <param name="share">The share of the body.</param>
/// <param name="bytes">The number of bytes that it waits for.</param>
/// <param name="since">The timestamp at which the wait began.</param>
internal sealed class BodyWaiter(BodyShare share, long bytes, long since)
{
    public BodyShare Share => share;

    public long Bytes => bytes;

    public long Since => since;

    /// <summary>Its node in the queue; null once it waits no longer.</summary>
    public LinkedListNode<BodyWaiter>? Node { get; set; }

    /// <summary>True if it got the memory.</summary>
    public TaskCompletionSource<bool> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

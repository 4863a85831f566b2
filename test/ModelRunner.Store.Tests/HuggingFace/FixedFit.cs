using ModelRunner.Store.HuggingFace;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>A machine with a certain amount of memory, on which each model needs its weights and a fixed sum.</summary>
internal sealed class FixedFit(long? limit, long sum = 0) : IMemoryFit
{
    public long? LimitBytes => limit;

    /// <summary>The longest beginning of a file that was shown.</summary>
    public int SeenHead { get; private set; }

    public long? NeedOf(ReadOnlyMemory<byte> head, long fileBytes, long weightBytes)
    {
        SeenHead = Math.Max(SeenHead, head.Length);
        return head.Length == 0 ? null : weightBytes + sum;
    }
}

using System.Buffers;

namespace ModelRunner.Benchmarks.Exposition;

/// <summary>A buffer that is large enough from the start, so that its growth is not measured.</summary>
internal sealed class FixedBuffer(int capacity) : IBufferWriter<byte>
{
    private readonly byte[] _bytes = new byte[capacity];

    public int Written { get; private set; }

    public void Clear() => Written = 0;

    public void Advance(int count) => Written += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.AsMemory(Written);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.AsSpan(Written);
}

using System.Buffers;

namespace ModelRunner.Exposition.Text;

/// <summary>A growing, reusable byte buffer. It is an <see cref="IBufferWriter{T}"/>, so every writer here can fill it.</summary>
internal sealed class ByteBuilder : IBufferWriter<byte>
{
    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Append(byte value)
    {
        EnsureFree(1);
        _bytes[Length++] = value;
    }

    public void Append(ReadOnlySpan<byte> values)
    {
        values.CopyTo(GetSpan(values.Length));
        Length += values.Length;
    }

    public void Clear() => Length = 0;

    public byte[] ToArray() => Written.ToArray();

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureFree(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureFree(sizeHint);
        return _bytes.AsSpan(Length);
    }

    /// <summary>Clears the buffer, and frees the memory if it is large and was mostly unused.</summary>
    public void Trim(int keepAtMost)
    {
        if (_bytes.Length > keepAtMost && Length < _bytes.Length / 4)
            _bytes = [];
        Length = 0;
    }

    private void EnsureFree(int sizeHint)
    {
        var needed = Length + Math.Max(sizeHint, 1);
        if (needed > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(needed, Math.Max(DebugSizes.Pick(256, 4), _bytes.Length * 2)));
    }
}

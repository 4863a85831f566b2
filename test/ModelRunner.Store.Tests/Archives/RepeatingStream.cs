using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Tests.Archives;

/// <summary>A stream without an end that repeats some bytes.</summary>
internal sealed class RepeatingStream(byte[] part) : ForwardStream
{
    public long BytesRead { get; private set; }

    public override long Position { get => BytesRead; set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < buffer.Length; i++)
            buffer.Span[i] = part[(BytesRead + i) % part.Length];
        BytesRead += buffer.Length;
        return ValueTask.FromResult(buffer.Length);
    }
}

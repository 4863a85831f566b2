namespace ModelRunner.Store.Tests.Archives;

/// <summary>A stream without an end that repeats some bytes.</summary>
internal sealed class RepeatingStream(byte[] part) : ReadOnlyStream
{
    public long BytesRead { get; private set; }

    public override long Position { get => BytesRead; set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        for (int i = 0; i < count; i++)
            buffer[offset + i] = part[(BytesRead + i) % part.Length];
        BytesRead += count;
        return count;
    }
}

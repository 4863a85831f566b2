using CsCheck;
using ModelRunner.Daemon.Metrics;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed class SegmentedBufferTests
{
    [Fact]
    public void Content_of_any_size_keeps_its_order() =>
        Gen.Byte.Array[0, 40_000].Array[0, 8].Sample(static pieces =>
        {
            using var buffer = new SegmentedBuffer();
            foreach (byte[] piece in pieces)
            {
                piece.CopyTo(buffer.GetSpan(piece.Length));
                buffer.Advance(piece.Length);
            }

            byte[] expected = [.. pieces.SelectMany(static piece => piece)];
            using var stream = new MemoryStream();
            buffer.CopyTo(stream);
            Assert.Equal(expected.Length, buffer.Length);
            Assert.True(expected.AsSpan().SequenceEqual(stream.ToArray()));
            Assert.Equal(expected, buffer.Pieces().SelectMany(static piece => piece.ToArray()));
        }, iter: 200);

    [Fact]
    public void Advancing_beyond_the_requested_size_is_refused()
    {
        using var buffer = new SegmentedBuffer();

        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(1));
    }
}

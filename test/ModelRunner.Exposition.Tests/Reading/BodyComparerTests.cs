using CsCheck;
using ModelRunner.Exposition.Reading;

namespace ModelRunner.Exposition.Tests.Reading;

public sealed class BodyComparerTests
{
    [Fact]
    public void It_counts_what_a_loop_counts_at_every_place_and_limit() =>
        Gen.Select(Gen.Byte[0, 1].Array[1, 80], Gen.Int[0, 79], Gen.Int[0, 79], Gen.Int[0, 90]).Sample(
            (body, one, other, limit) =>
            {
                var (earlier, later) = (Math.Min(one, other) % body.Length, Math.Max(one, other) % body.Length);
                if (earlier > later)
                    (earlier, later) = (later, earlier);
                var expected = 0;
                while (expected < limit && later + expected < body.Length && body[earlier + expected] == body[later + expected])
                    expected++;

                Assert.Equal(expected, BodyComparer.CountEqual(body, earlier, later, limit));
            },
            iter: 20_000);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(40)]
    public void Equal_bytes_beyond_the_limit_do_not_count(int limit) =>
        Assert.Equal(limit, BodyComparer.CountEqual([.. new byte[50], .. new byte[50], 1], 0, 50, limit));
}

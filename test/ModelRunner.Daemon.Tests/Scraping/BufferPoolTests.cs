using CsCheck;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class BufferPoolTests
{
    [Fact]
    public void An_array_is_long_enough_and_at_most_a_quarter_longer() =>
        Gen.Int[1, 64 * 1024 * 1024].Sample(static length =>
        {
            int got = new BufferPool().Rent(length).Length;

            Assert.True(got >= length && got <= Math.Max(BufferPool.Smallest, length + (length / 4) + 1), $"{length} -> {got}");
        }, iter: 200);

    [Fact]
    public void A_returned_array_is_rented_again_and_counted()
    {
        var pool = new BufferPool();
        byte[] array = pool.Rent(100_000);
        pool.Return(array);
        Assert.Equal(array.Length, pool.KeptBytes);

        Assert.Same(array, pool.Rent(array.Length));
        Assert.Equal(0, pool.KeptBytes);
    }

    [Fact]
    public void A_trimmed_pool_keeps_nothing()
    {
        var pool = new BufferPool();
        byte[] array = pool.Rent(5000);
        pool.Return(array);

        pool.Trim();

        Assert.Equal(0, pool.KeptBytes);
        Assert.NotSame(array, pool.Rent(5000));
    }

    [Fact]
    public void An_array_of_another_origin_is_refused() =>
        Assert.Throws<ArgumentException>(() => new BufferPool().Return(new byte[4097]));
}

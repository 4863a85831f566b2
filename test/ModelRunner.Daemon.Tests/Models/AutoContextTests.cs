using CsCheck;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Tests.Models;

public class AutoContextTests
{
    [Theory]
    [InlineData(1_000_000, 131_072)]
    [InlineData(131_072, 131_072)]
    [InlineData(131_071, 122_880)]
    [InlineData(70_000, 65_536)]
    [InlineData(9_000, 8192)]
    [InlineData(4_400, 4096)]
    public void The_largest_context_that_fits_beside_the_others_is_chosen(int free, int expected) => Assert.Equal(expected, Choose(131_072, free, free));

    [Theory]
    [InlineData(4_000, 1_000_000, 4096)]
    [InlineData(-9_000, 4096, 4096)]
    [InlineData(3_000, 4_095, 3840)]
    [InlineData(0, 600, 512)]
    [InlineData(0, -1, 512)]
    public void No_model_is_stopped_for_more_than_the_usual_context(int free, int possible, int expected) =>
        Assert.Equal(expected, Choose(131_072, free, possible));

    [Theory]
    [InlineData(2048, 1_000_000, 2048)]
    [InlineData(2048, 1_500, 1280)]
    [InlineData(300, 1_000, 300)]
    [InlineData(5000, 5000, 5000)]
    [InlineData(int.MaxValue, 1_000_000, 983_040)]
    public void The_context_of_the_model_is_the_most(int most, int free, int expected) => Assert.Equal(expected, Choose(most, free, free));

    [Fact]
    public void What_is_chosen_fits_if_anything_does_and_a_little_less_memory_changes_little()
    {
        Gen.Select(Gen.Int[1, 1 << 20], Gen.Int[0, 1 << 21], Gen.Int[0, 1 << 21]).Sample((most, free, more) =>
        {
            int possible = free + more;
            int chosen = Choose(most, free, possible);
            Assert.InRange(chosen, 1, most);
            Assert.True(chosen <= possible || chosen == Math.Min(most, 512));
            Assert.True(chosen <= free || chosen <= 4096);
            Assert.True(chosen >= Math.Min(most, free) * 0.88 || free < 512);
        });
    }

    // A byte for each token.
    private static int Choose(int most, long free, long possible) => AutoContext.Choose(most, free, possible, static tokens => tokens);
}

using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class ModelPatternTests
{
    [Theory]
    [InlineData("*", "qwen3:8b", true)]
    [InlineData("qwen*", "qwen3:8b", true)]
    [InlineData("Qwen*", "qwen3:8b", true)]
    [InlineData("*-coder", "ai/qwen3-coder:30B", true)]
    [InlineData("ai/*", "ai/qwen3:latest", true)]
    [InlineData("ai/*", "qwen3:latest", false)]
    [InlineData("qwen3:*", "qwen3:8b", true)]
    [InlineData("qwen3:*B", "qwen3:8b", false)]
    [InlineData("qwen*:8b", "qwen3:8b", true)]
    [InlineData("qwen*:8b", "qwen3:14b", false)]
    [InlineData("a*b*c", "axbxbyc:latest", true)]
    [InlineData("a*b*c", "axbxbyd:latest", false)]
    [InlineData("q**n*", "qwen:1", true)]
    [InlineData("qwen", "qwen:latest", false)]
    public void A_pattern_fits(string pattern, string model, bool fits) =>
        Assert.Equal(fits, ModelPattern.TryParse(pattern, out _)!.Fits(model));

    [Fact]
    public void A_name_is_a_reference() => Assert.Equal("qwen3:latest", ModelPattern.TryParse("Qwen3", out _)!.Reference?.ToString());

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("a\n", "holds control characters")]
    public void What_cannot_be_a_name_is_refused(string text, string problem)
    {
        Assert.Null(ModelPattern.TryParse(text, out string? found));
        Assert.Equal(problem, found);
    }

    [Fact]
    public void A_hostile_pattern_takes_little_time() =>
        Assert.False(ModelPattern.TryParse(string.Concat(Enumerable.Repeat("a*", 90)) + "b", out _)!.Fits(new string('a', 190) + ":latest"));
}

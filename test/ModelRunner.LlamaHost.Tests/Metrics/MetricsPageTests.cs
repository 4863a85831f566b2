using ModelRunner.LlamaHost.Metrics;

namespace ModelRunner.LlamaHost.Tests.Metrics;

public sealed class MetricsPageTests
{
    [Fact]
    public void Numbers_beyond_a_million_keep_every_digit()
    {
        string page = MetricsPage.Write(
            new CounterSnapshot
            {
                PromptTokens = 1_303_217,
                PredictedTokens = 9_007_199_254_740_993,
                PromptTime = TimeSpan.FromSeconds(12345.678901),
            },
            new EngineLoad(2, 3));

        Assert.Contains("\nllamacpp:prompt_tokens_total 1303217\n", page);
        Assert.Contains("\nllamacpp:tokens_predicted_total 9007199254740993\n", page);
        Assert.Contains("\nllamacpp:prompt_seconds_total 12345.678901\n", page);
        Assert.Contains("\nllamacpp:requests_processing 2\n", page);
        Assert.Contains("\nllamacpp:requests_deferred 3\n", page);
    }

    [Fact]
    public void Small_times_are_never_written_with_an_exponent() =>
        Assert.Contains("\nllamacpp:prompt_seconds_total 0.000004\n",
            MetricsPage.Write(new CounterSnapshot { PromptTime = TimeSpan.FromMicroseconds(4) }, default));

    [Fact]
    public void Every_family_has_help_type_and_one_sample_in_this_order()
    {
        string[] lines = MetricsPage.Write(default, default).Split('\n');

        Assert.Equal(15 * 3 + 1, lines.Length);
        Assert.Equal("", lines[^1]);
        foreach (string[] family in lines.SkipLast(1).Chunk(3))
        {
            string name = family[2].Split(' ')[0];
            Assert.StartsWith($"# HELP {name} ", family[0], StringComparison.Ordinal);
            Assert.Matches($"^# TYPE {name} (counter|gauge)$", family[1]);
            Assert.Equal($"{name} 0", family[2]);
        }
    }
}

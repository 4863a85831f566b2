using System.Globalization;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Tests.Diagnostics;

public sealed class SeenSentencesTests
{
    private readonly SeenSentences _seen = new();

    [Fact]
    public void Sentences_that_last_are_new_once_even_if_there_are_many()
    {
        string[] many = [.. Enumerable.Range(0, 2500).Select(static number => number.ToString(CultureInfo.InvariantCulture))];

        Assert.Equal(many, _seen.TakeNew(many));
        Assert.Empty(_seen.TakeNew(many));
        Assert.Equal(["other"], _seen.TakeNew([.. many, "other"]));
        Assert.Empty(_seen.TakeNew([.. many, "other"]));
    }

    [Fact]
    public void A_few_sentences_are_remembered_although_they_were_away()
    {
        Assert.Equal(["a"], _seen.TakeNew(["a"]));
        Assert.Empty(_seen.TakeNew([]));
        Assert.Empty(_seen.TakeNew(["a"]));
    }

    [Fact]
    public void The_memory_is_bounded()
    {
        Assert.Equal(["first"], _seen.TakeNew(["first"]));
        for (int i = 0; i < 1000; i++)
            Assert.Single(_seen.TakeNew([i.ToString(CultureInfo.InvariantCulture)]));

        Assert.Equal(["first"], _seen.TakeNew(["first"]));
    }
}

using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

/// <summary>How the duration of pages predicts the next ones.</summary>
public sealed class MergePaceTests
{
    private const int Bytes = 16 * 1024 * 1024;
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(16);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(400);

    [Fact]
    public void One_slow_page_changes_nothing()
    {
        MergePace pace = After(Quick, Quick, Quick);
        TimeSpan before = pace.TimeFor(Bytes);

        Record(pace, Slow);
        Assert.Equal(before, pace.TimeFor(Bytes));
        Record(pace, Quick);
        Assert.Equal(before, pace.TimeFor(Bytes));
    }

    [Fact]
    public void The_first_page_has_half_the_weight_and_two_fast_pages_replace_it()
    {
        MergePace pace = After(Slow);
        Assert.InRange(pace.TimeFor(Bytes), After().TimeFor(Bytes), Slow * 2);

        Record(pace, Quick);
        Record(pace, Quick);
        Assert.Equal(After(Quick, Quick, Quick).TimeFor(Bytes), pace.TimeFor(Bytes));
    }

    [Fact]
    public void Two_pages_are_enough_to_learn_that_the_machine_became_slower_or_faster()
    {
        MergePace pace = After(Quick, Quick, Quick);
        TimeSpan quick = pace.TimeFor(Bytes);

        Record(pace, Slow);
        Record(pace, Slow);
        TimeSpan slow = pace.TimeFor(Bytes);
        Record(pace, Quick);
        Record(pace, Quick);

        Assert.InRange(slow, Slow, TimeSpan.MaxValue);
        Assert.Equal(quick, pace.TimeFor(Bytes));
    }

    [Fact]
    public void A_body_that_was_not_merged_in_time_is_not_measured()
    {
        MergePace pace = After(Quick, Quick, Quick);
        TimeSpan before = pace.TimeFor(Bytes);

        for (int page = 0; page < 3; page++)
            Record(pace, Quick, givenUp: Slow);

        Assert.Equal(before, pace.TimeFor(Bytes));
    }

    private static MergePace After(params ReadOnlySpan<TimeSpan> pages)
    {
        var pace = new MergePace(restPerParsing: 2);
        foreach (TimeSpan parsed in pages)
            Record(pace, parsed);
        return pace;
    }

    // Merging takes half as long as parsing.
    private static void Record(MergePace pace, TimeSpan parsed, TimeSpan givenUp = default)
    {
        var time = new FakeTimeProvider();
        var timings = new PageTimings(time) { PartBytes = Bytes };
        timings.Begin();
        time.Advance(parsed);
        timings.AddBody(Bytes);
        time.Advance(givenUp);
        timings.EndParsing();
        time.Advance(parsed / 2);
        timings.EndMerging();
        timings.Report(pace);
    }
}

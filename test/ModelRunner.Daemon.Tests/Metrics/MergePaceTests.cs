using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Metrics;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>What pages teach about the time that the next ones need.</summary>
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

        Note(pace, Slow);
        Assert.Equal(before, pace.TimeFor(Bytes));
        Note(pace, Quick);
        Assert.Equal(before, pace.TimeFor(Bytes));
    }

    [Fact]
    public void The_first_page_of_a_daemon_counts_half_and_two_quick_ones_after_it_are_enough()
    {
        MergePace pace = After(Slow);
        Assert.InRange(pace.TimeFor(Bytes), After().TimeFor(Bytes), Slow * 2);

        Note(pace, Quick);
        Note(pace, Quick);
        Assert.Equal(After(Quick, Quick, Quick).TimeFor(Bytes), pace.TimeFor(Bytes));
    }

    [Fact]
    public void Two_pages_are_enough_to_learn_that_the_machine_became_slower_or_quicker()
    {
        MergePace pace = After(Quick, Quick, Quick);
        TimeSpan quick = pace.TimeFor(Bytes);

        Note(pace, Slow);
        Note(pace, Slow);
        TimeSpan slow = pace.TimeFor(Bytes);
        Note(pace, Quick);
        Note(pace, Quick);

        Assert.InRange(slow, Slow, TimeSpan.MaxValue);
        Assert.Equal(quick, pace.TimeFor(Bytes));
    }

    [Fact]
    public void A_body_that_was_given_up_says_nothing_about_those_that_were_read_in()
    {
        MergePace pace = After(Quick, Quick, Quick);
        TimeSpan before = pace.TimeFor(Bytes);

        for (int page = 0; page < 3; page++)
            Note(pace, Quick, givenUp: Slow);

        Assert.Equal(before, pace.TimeFor(Bytes));
    }

    private static MergePace After(params ReadOnlySpan<TimeSpan> pages)
    {
        var pace = new MergePace(restPerReading: 2);
        foreach (TimeSpan readIn in pages)
            Note(pace, readIn);
        return pace;
    }

    // What comes after the reading takes half as long as it.
    private static void Note(MergePace pace, TimeSpan readIn, TimeSpan givenUp = default)
    {
        var time = new FakeTimeProvider();
        var figures = new MakingFigures(time) { PartBytes = Bytes };
        figures.Begin();
        time.Advance(readIn);
        figures.AddBody(Bytes);
        time.Advance(givenUp);
        figures.EndReadingIn();
        time.Advance(readIn / 2);
        figures.EndMerging();
        figures.Tell(pace);
    }
}

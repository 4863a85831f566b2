namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>How long the phases of a pull take.</summary>
/// <param name="Begin">From the request of the client to the first byte of the weights.</param>
/// <param name="Bytes">From the first byte to the last one.</param>
/// <param name="End">From the last byte to the entry in the list of models.</param>
/// <param name="Answer">From the entry to the last line of the answer.</param>
internal sealed record PullTimes(TimeSpan Begin, TimeSpan Bytes, TimeSpan End, TimeSpan Answer)
{
    /// <summary>The time of a phase.</summary>
    public TimeSpan Of(PullPhase phase) => phase switch
    {
        PullPhase.BeforeFirstByte => Begin,
        PullPhase.BetweenBytes => Bytes,
        PullPhase.AfterLastByte => End,
        _ => Answer,
    };

    /// <summary>The longer time of each phase.</summary>
    public PullTimes OrLonger(PullTimes other) => new(
        Longer(Begin, other.Begin), Longer(Bytes, other.Bytes), Longer(End, other.End), Longer(Answer, other.Answer));

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

namespace ModelRunner.Telemetry.Reading;

/// <summary>What all documents of a response said of one choice.</summary>
internal struct ChoiceState
{
    public bool IsSeen;
    public bool HasTimings;
    public long ContentEvents;
    public long Prompt;
    public long Cached;
    public long Generated;
    public long Draft;
    public long AcceptedDraft;
    public FinishReason Finish;
}

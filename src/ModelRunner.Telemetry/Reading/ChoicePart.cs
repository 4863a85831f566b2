namespace ModelRunner.Telemetry.Reading;

/// <summary>What one document says of one choice.</summary>
internal struct ChoicePart
{
    public int Index;
    public bool HasContent;
    public FinishReason Finish;
}

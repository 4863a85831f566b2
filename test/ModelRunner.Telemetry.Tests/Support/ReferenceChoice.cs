namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>What a response said of one choice.</summary>
internal sealed class ReferenceChoice
{
    public long Events { get; set; }

    public FinishReason Finish { get; set; }

    public IReadOnlyDictionary<string, long>? Timings { get; set; }
}

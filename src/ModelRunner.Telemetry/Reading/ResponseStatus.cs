namespace ModelRunner.Telemetry.Reading;

/// <summary>The <c>status</c> of one of OpenAI's responses, as far as it ends the response.</summary>
internal enum ResponseStatus : byte
{
    Unknown,
    Completed,
    Incomplete,
    Failed,
}

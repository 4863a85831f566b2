using System.Text.Unicode;
using ModelRunner.Telemetry;
using ModelRunner.Telemetry.Tests.Support;

namespace ModelRunner.Fuzz.Targets;

/// <summary>
/// The reader of responses finds the same however the response is split, and in valid JSON the same as a slow reader. It takes every input.
/// </summary>
internal static class ResponseTarget
{
    public static void FiguresAreRight(byte[] input)
    {
        foreach (ResponseFormat format in Enum.GetValues<ResponseFormat>())
        {
            ResponseFigures whole = Body.InParts(input, format);
            if (Body.ByteByByte(input, format) != whole || (input.Length > 0 && Body.InParts(input, format, input[0] % input.Length) != whole))
                throw new FuzzException($"the parts of a response give other figures as {format}");
            if (whole.PromptTokens < 0 || whole.CachedTokens < 0 || whole.GeneratedTokens < 0 || whole.AcceptedDraftTokens > whole.DraftTokens)
                throw new FuzzException($"impossible figures: {whole}");
            if (Utf8.IsValid(input) && Expected(input, format) is { IsLost: false } expected && expected != whole)
                throw new FuzzException($"expected {expected}, read {whole} as {format}");
        }
    }

    // System.Text.Json cannot show names and texts with unpaired surrogates.
    private static ResponseFigures? Expected(byte[] input, ResponseFormat format)
    {
        try
        {
            return ReferenceReader.Read(input, format);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

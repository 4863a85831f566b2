using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>The body of <c>POST /models/NAME/repackage</c>, in Docker Model Runner's shape.</summary>
/// <param name="Target">The name of the new model.</param>
/// <param name="ContextSize">Its context in tokens; null: that of the source.</param>
internal sealed record RepackageRequest(ArtifactName Target, int? ContextSize)
{
    /// <summary>What to send.</summary>
    public const string Example = "send {\"target\": \"ai/mine:8k\", \"context_size\": 8192}";

    private const int MaxShown = 200;

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">The body is not JSON, has another shape, or a value is invalid.</exception>
    public static RepackageRequest Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new RepackageRequest(ReadTarget(document.RootElement), ReadContext(document.RootElement))
                : throw Refuse($"the request's body is no object; {Example}", null);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw Refuse($"the request's body is not valid JSON; {Example}", null);
        }
    }

    private static ArtifactName ReadTarget(JsonElement root)
    {
        if (!root.TryGetProperty("target"u8, out JsonElement member) || member.ValueKind != JsonValueKind.String)
            throw Refuse($"the request's body names no target; {Example}", "target");
        return NewName.Read(member.GetString() ?? "", "target");
    }

    private static int? ReadContext(JsonElement root)
    {
        if (!root.TryGetProperty("context_size"u8, out JsonElement member) || member.ValueKind == JsonValueKind.Null)
            return null;
        return member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out int tokens) && tokens is > 0 and <= ModelsSection.MaxContextSize
            ? tokens
            : throw Refuse(
                $"context_size is {PlainText.EscapeAndCut(member.GetRawText(), MaxShown)}; send a number of tokens from 1 to {ModelsSection.MaxContextSize}",
                "context_size");
    }

    private static ApiException Refuse(string message, string? param) => new(ApiError.Invalid(message, param));
}

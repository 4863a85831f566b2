using System.Text.Json;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>The body of <c>POST /models/verify</c>.</summary>
/// <param name="Models">The models, as the client wrote them; empty: all of the store.</param>
internal sealed record VerifyRequest(IReadOnlyList<string> Models)
{
    /// <summary>What to send.</summary>
    public const string Example = "send nothing, or {\"models\": [\"ai/smollm2\"]}";

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">The body is not JSON, or has another shape.</exception>
    public static VerifyRequest Read(ReadOnlyMemory<byte> body)
    {
        if (body.Length == 0)
            return new VerifyRequest([]);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
                RequestMembers.Check(root, "models");
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("models"u8, out JsonElement list) || !IsListOfTexts(list))
                throw new ApiException(ApiError.Invalid($"the request's body has no list \"models\" with the names of models; {Example}", "models"));
            return new VerifyRequest([.. list.EnumerateArray().Select(static name => name.GetString()!)]);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new ApiException(ApiError.Invalid($"the request's body is not valid JSON; {Example}"));
        }
    }

    private static bool IsListOfTexts(JsonElement list) =>
        list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0 && list.EnumerateArray().All(static name => name.ValueKind == JsonValueKind.String);
}

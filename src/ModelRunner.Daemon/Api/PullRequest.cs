using System.Text.Json;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>The body of <c>POST /models/create</c>, in Docker Model Runner's shape.</summary>
/// <param name="Name">The model.</param>
internal sealed record PullRequest(ArtifactName Name)
{
    private const int MaxShown = 200;

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">The body is not JSON, has another shape, or names no model.</exception>
    public static PullRequest Read(ReadOnlyMemory<byte> body)
    {
        string? from;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            from = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("from"u8, out JsonElement member)
                && member.ValueKind == JsonValueKind.String
                ? member.GetString()
                : throw Refuse("the request's body names no model; send {\"from\": \"ai/smollm2\"}");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw Refuse("the request's body is not valid JSON; send {\"from\": \"ai/smollm2\"}");
        }

        return PullableName.TryParse(from, out ArtifactName? name, out string? problem)
            ? new PullRequest(name!)
            : throw Refuse($"the model \"{PlainText.EscapeAndCut(from ?? "", MaxShown)}\" {problem}");
    }

    private static ApiException Refuse(string message) => new(ApiError.Invalid(message, "from"));
}

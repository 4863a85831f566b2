using System.Text.Json;
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

        if (!ArtifactNameParser.TryParse(from, out ArtifactName? name, out string? problem))
            throw Refuse($"the model \"{PlainText.EscapeAndCut(from ?? "", MaxShown)}\" {problem}");
        return name!.IsOnHuggingFace
            ? throw new ApiException(new ApiError(
                StatusCodes.Status501NotImplemented, "models of Hugging Face cannot be pulled yet; download the file and put it into the models folder",
                ApiError.Server)
            { CanRetryHelp = false })
            : new PullRequest(name);
    }

    private static ApiException Refuse(string message) => new(ApiError.Invalid(message, "from"));
}

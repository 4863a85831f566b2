using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.HuggingFace;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>The body of <c>POST /models/create</c>, in Docker Model Runner's shape.</summary>
/// <param name="Name">The model.</param>
/// <param name="Token">The token for Hugging Face; null: none was sent.</param>
/// <param name="BytesPerSecond">The limit of the rate; null: none was sent.</param>
internal sealed record PullRequest(ArtifactName Name, string? Token, long? BytesPerSecond)
{
    private const int MaxShown = 200;

    // Older clients of Docker Model Runner send it. No pull checks the memory.
    private const string MemoryCheck = "ignore-runtime-memory-check";

    /// <summary>The token is not printed.</summary>
    public override string ToString() => Name.ToString();

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">The body is not JSON, has another shape, or names no model.</exception>
    public static PullRequest Read(ReadOnlyMemory<byte> body)
    {
        string? from;
        string? token;
        long? limit;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            from = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("from"u8, out JsonElement member) && member.ValueKind == JsonValueKind.String
                ? member.GetString()
                : throw Refuse("the request's body names no model; send {\"from\": \"ai/smollm2\"}");
            RequestMembers.CheckSpelling(root, "from", "bearer-token", "limit", MemoryCheck);
            limit = root.TryGetProperty("limit"u8, out member) ? ReadLimit(member) : null;
            token = root.TryGetProperty("bearer-token"u8, out member) && member.ValueKind == JsonValueKind.String && member.GetString() is { Length: > 0 } sent
                ? sent
                : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw Refuse("the request's body is not valid JSON; send {\"from\": \"ai/smollm2\"}");
        }

        if (!ArtifactNameParser.TryParse(from, out ArtifactName? name, out string? problem))
            throw Refuse($"the model \"{PlainText.EscapeAndCut(from ?? "", MaxShown)}\" {problem}");
        if (!name!.IsOnHuggingFace)
            return new PullRequest(name, null, limit);
        return token is null || HubSettings.IsToken(token)
            ? new PullRequest(name, token, limit)
            : throw new ApiException(ApiError.Invalid(
                "the bearer-token is no token: it has spaces, or characters that are not ASCII, or is too long", "bearer-token"));
    }

    private static long? ReadLimit(JsonElement member)
    {
        if (member.ValueKind == JsonValueKind.Null)
            return null;
        string text = member.ValueKind == JsonValueKind.String ? member.GetString()! : member.GetRawText();
        return RateText.Check(text, ConfigurationCatalog.PullLimit, out long limit) is { } problem
            ? throw new ApiException(ApiError.Invalid($"limit: \"{PlainText.EscapeAndCut(text, MaxShown)}\" {problem}", "limit"))
            : limit;
    }

    private static ApiException Refuse(string message) => new(ApiError.Invalid(message, "from"));
}

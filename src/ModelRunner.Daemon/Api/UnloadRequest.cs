using System.Text.Json;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>The body of <c>POST /engines/unload</c>, in Docker Model Runner's shape.</summary>
/// <param name="IsAll">Whether the request selects every runner.</param>
/// <param name="Backend">Selects only runners of this backend; null: of any.</param>
/// <param name="Models">The references as the client wrote them.</param>
internal sealed record UnloadRequest(bool IsAll, string? Backend, IReadOnlyList<string> Models)
{
    /// <summary>Whether the saved contexts are removed too.</summary>
    public bool Purges { get; init; }

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">The body is not JSON, has another shape, or selects nothing.</exception>
    public static UnloadRequest Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            throw Refuse("the request's body is not valid JSON; send {\"all\": true} or {\"models\": [\"name\"]}");
        }
    }

    private static UnloadRequest Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Refuse("the request's body is not a JSON object; send {\"all\": true} or {\"models\": [\"name\"]}");

        bool isAll = Switch(root, "all");
        string? backend = root.TryGetProperty("backend"u8, out JsonElement named) ? Text(named, "backend") : null;
        bool purges = Switch(root, "purge");
        if (purges && !string.IsNullOrEmpty(backend))
            throw Refuse("\"purge\" removes the contexts of models of all backends; leave out \"backend\"", "purge");
        IReadOnlyList<string> models = root.TryGetProperty("models"u8, out JsonElement list) ? Texts(list) : [];
        return isAll || models.Count > 0
            ? new UnloadRequest(isAll, string.IsNullOrEmpty(backend) ? null : backend, models) { Purges = purges }
            : throw Refuse("the request selects nothing; name \"models\", or set \"all\" to true", "models");
    }

    private static bool Switch(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Null => false,
        _ => throw Refuse($"\"{name}\" is neither true nor false", name),
    };

    private static IReadOnlyList<string> Texts(JsonElement list) => list.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.Array => [.. list.EnumerateArray().Select(static item => Text(item, "models") ?? "")],
        _ => throw Refuse("\"models\" is not a list of strings", "models"),
    };

    private static string? Text(JsonElement value, string param)
    {
        try
        {
            return value.ValueKind == JsonValueKind.Null ? null : value.GetString();
        }
        catch (InvalidOperationException)
        {
            throw Refuse($"\"{param}\" contains a value that is not a string", param);
        }
    }

    private static ApiException Refuse(string message, string? param = null) => new(ApiError.Invalid(message, param));
}

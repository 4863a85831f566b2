using System.Text.Json;

namespace ModelRunner.Daemon.Responses;

/// <summary>Writes an error as JSON in the format of a route's clients: OpenAI's, Anthropic's or Ollama's.</summary>
internal static class ApiErrorShape
{
    /// <summary>Writes the error in the format that belongs to the request's path.</summary>
    public static void Write(Utf8JsonWriter json, HttpContext context, ApiError error)
    {
        PathString path = context.Request.Path;
        json.WriteStartObject();
        if (path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase))
            json.WriteString("error"u8, error.Message);
        else if (IsAnthropic(path))
            WriteAnthropic(json, context, error);
        else
            WriteOpenAi(json, error);
        json.WriteEndObject();
    }

    private static bool IsAnthropic(PathString path)
    {
        string text = path.Value ?? "";
        return path.StartsWithSegments("/anthropic", StringComparison.OrdinalIgnoreCase)
            || text.EndsWith("/v1/messages", StringComparison.OrdinalIgnoreCase)
            || text.EndsWith("/v1/messages/count_tokens", StringComparison.OrdinalIgnoreCase);
    }

    private static void WriteOpenAi(Utf8JsonWriter json, ApiError error)
    {
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, error.Type);
        json.WriteString("param"u8, error.Param);
        json.WriteString("code"u8, error.Code);
        WriteOwn(json, error);
        json.WriteEndObject();
    }

    private static void WriteAnthropic(Utf8JsonWriter json, HttpContext context, ApiError error)
    {
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, AnthropicType(error.Status));
        json.WriteString("message"u8, error.Message);
        WriteOwn(json, error);
        json.WriteEndObject();
        json.WriteString("request_id"u8, context.TraceIdentifier);
    }

    // Our own members. Clients of both APIs ignore members that they do not know.
    private static void WriteOwn(Utf8JsonWriter json, ApiError error)
    {
        if (error.Reason is { } reason)
            json.WriteString("reason"u8, reason);
        if (error.Pull is { } pull)
            json.WriteString("pull"u8, pull);
        if (error.Similar.Count > 0)
        {
            json.WriteStartArray("similar"u8);
            foreach (string name in error.Similar)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }

        if (error.CommandLine is { } sentence && sentence != error.Message)
            json.WriteString("command_line"u8, sentence);
    }

    private static string AnthropicType(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        StatusCodes.Status503ServiceUnavailable => "overloaded_error",
        >= StatusCodes.Status500InternalServerError => "api_error",
        _ => "invalid_request_error",
    };
}

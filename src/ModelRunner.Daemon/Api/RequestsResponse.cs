using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Recording;

namespace ModelRunner.Daemon.Api;

/// <summary>Writes recorded requests in Docker Model Runner's shape.</summary>
internal static class RequestsResponse
{
    /// <summary>Begins the entry of a model.</summary>
    public static void BeginModel(Utf8JsonWriter json, string model, ModelOverride config)
    {
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        json.WritePropertyName("config"u8);
        ConfigureResponse.WriteConfig(json, config);
        json.WriteStartArray("records"u8);
    }

    /// <summary>Ends the entry of a model.</summary>
    public static void EndModel(Utf8JsonWriter json, int count)
    {
        json.WriteEndArray();
        json.WriteNumber("count"u8, count);
        json.WriteEndObject();
    }

    /// <summary>One request with its response.</summary>
    public static void WriteRecord(Utf8JsonWriter json, RequestRecording recording)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, recording.Id);
        json.WriteString("model"u8, recording.Model);
        json.WriteString("method"u8, recording.Method);
        json.WriteString("url"u8, recording.Path);
        json.WriteString("request"u8, Encoding.UTF8.GetString(recording.Request.Span));
        string? joined = recording.IsStream ? StreamText.TryJoin(recording.Response.Span) : null;
        if (!recording.Response.IsEmpty)
            json.WriteString("response"u8, joined ?? Encoding.UTF8.GetString(recording.Response.Span));
        if (!recording.Error.IsEmpty)
            json.WriteString("error"u8, Encoding.UTF8.GetString(recording.Error.Span));
        json.WriteNumber("timestamp"u8, recording.Time.ToUnixTimeSeconds());
        json.WriteNumber("status_code"u8, recording.Status);
        if (recording.UserAgent is { } agent)
            json.WriteString("user_agent"u8, agent);
        if (recording.Origin is { } origin)
            json.WriteString("origin"u8, origin);
        json.WriteNumber("duration_ms"u8, (long)recording.Duration.TotalMilliseconds);
        if (recording.KeyName is { } key)
            json.WriteString("key"u8, key);
        if (recording.IsCut)
            json.WriteBoolean("truncated"u8, true);
        json.WriteEndObject();
    }
}

using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Api;

/// <summary>Writes one model as Docker Model Runner does, with its files, its licences and whether it is loaded.</summary>
internal static class ModelDetailsResponse
{
    public static void Write(Utf8JsonWriter json, ModelEntry model, ModelDetails details)
    {
        json.WriteStartObject();
        ModelsResponse.WriteDockerMembers(json, model, details.Metadata);
        if (details.Packed is { } packed)
            json.WriteNumber("packed"u8, packed.ToUnixTimeSeconds());
        if (model.Header is { ContextLength: > 0 } header)
            json.WriteNumber("max_context_size"u8, header.ContextLength);
        json.WriteBoolean("loaded"u8, details.IsLoaded);
        json.WriteStartArray("loaded_modes"u8);
        foreach (string mode in details.LoadedModes)
            json.WriteStringValue(mode);
        json.WriteEndArray();
        json.WriteStartArray("draft_of"u8);
        foreach (string other in details.DraftOf)
            json.WriteStringValue(other);
        json.WriteEndArray();
        if (model.Unused is [var unused, ..])
        {
            json.WriteStartObject("unused"u8);
            json.WriteString("tool"u8, SourceText.ToolOf(unused.Tool));
            json.WriteStartArray("parts"u8);
            foreach (string part in unused.Parts)
                json.WriteStringValue(part);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        WriteFiles(json, details.Files);
        json.WriteStartArray("licenses"u8);
        foreach (ModelDetailsLicense license in details.Licenses)
        {
            json.WriteStartObject();
            json.WriteString("title"u8, license.Title);
            json.WriteString("digest"u8, license.Digest.ToString());
            if (license.Text is { } text)
                json.WriteString("text"u8, text);
            if (license.Problem is { } problem)
                json.WriteString("problem"u8, problem);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes the list of files.</summary>
    public static void WriteFiles(Utf8JsonWriter json, IReadOnlyList<ModelDetailsFile> files)
    {
        json.WriteStartArray("files"u8);
        foreach (ModelDetailsFile file in files)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, file.Role);
            if (file.Name is { } name)
                json.WriteString("name"u8, name);
            if (file.Size is { } size)
                json.WriteNumber("size"u8, size);
            if (file.Digest is { } digest)
                json.WriteString("digest"u8, digest.ToString());
            if (file.MediaType is { } type)
                json.WriteString("media_type"u8, type);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

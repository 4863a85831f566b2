using System.Collections.Immutable;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>Writes models in the formats of OpenAI and of Docker Model Runner.</summary>
internal static class ModelsResponse
{
    private const string Owner = "model-runner";

    /// <summary>The list as OpenAI's clients expect it, with the problems of models and the tools whose models are used, if there are any.</summary>
    public static void WriteOpenAiList(
        Utf8JsonWriter json, IReadOnlyList<ModelEntry> models, IReadOnlyList<string> problems, IReadOnlyList<SourceReport> sources)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (ModelEntry model in models)
            WriteOpenAi(json, model);
        json.WriteEndArray();
        if (problems.Count > 0)
        {
            json.WriteStartArray("problems"u8);
            foreach (string problem in problems)
                json.WriteStringValue(problem);
            json.WriteEndArray();
        }

        if (sources.Count > 0)
            WriteSources(json, sources);
        json.WriteEndObject();
    }

    private static void WriteSources(Utf8JsonWriter json, IReadOnlyList<SourceReport> sources)
    {
        json.WriteStartArray("sources"u8);
        foreach (SourceReport source in sources)
        {
            json.WriteStartObject();
            json.WriteString("source"u8, SourceText.Format(source.Kind));
            json.WriteNumber("models"u8, source.Models);
            json.WriteStartArray("problems"u8);
            foreach (string problem in source.Problems)
                json.WriteStringValue(problem);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>One model as OpenAI's clients expect it, with what Docker Model Runner adds under <c>dmr</c>.</summary>
    public static void WriteOpenAi(Utf8JsonWriter json, ModelEntry model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, model.Reference);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, Created(model));
        json.WriteString("owned_by"u8, Owner);
        json.WriteStartObject("dmr"u8);
        if (model.ShownContext is { } context)
            json.WriteNumber("context_window"u8, context);
        WriteCommonMembers(json, model);
        WriteModes(json, model);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The list as Docker Model Runner gives it.</summary>
    public static void WriteDockerList(Utf8JsonWriter json, IReadOnlyList<ModelEntry> models)
    {
        json.WriteStartArray();
        foreach (ModelEntry model in models)
        {
            json.WriteStartObject();
            WriteDockerMembers(json, model);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The members of one model as Docker Model Runner gives it.</summary>
    /// <param name="json">Where they are written.</param>
    /// <param name="model">The model.</param>
    /// <param name="metadata">What its configuration says of its header; null: it is not wanted, as in lists.</param>
    public static void WriteDockerMembers(Utf8JsonWriter json, ModelEntry model, IReadOnlyDictionary<string, string>? metadata = null)
    {
        json.WriteString("id"u8, model.Id.ToString());
        json.WriteStartArray("tags"u8);
        json.WriteStringValue(model.Reference);
        foreach (string name in model.OtherNames.Union(model.Aliases, StringComparer.Ordinal))
            json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteNumber("created"u8, Created(model));
        json.WriteStartObject("config"u8);
        if (model.Header is not null)
            json.WriteString("format"u8, "gguf"u8);
        WriteCommonMembers(json, model);
        if (model.ShownContext is { } context)
            json.WriteNumber("context_size"u8, context);
        WriteModes(json, model);
        WriteMetadata(json, metadata ?? ImmutableDictionary<string, string>.Empty);
        json.WriteEndObject();
    }

    /// <summary>Writes what the configuration of a model says of the header of its file, in Docker Model Runner's form.</summary>
    public static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Count == 0)
            return;
        json.WriteStartObject("gguf"u8);
        foreach ((string name, string value) in metadata.OrderBy(static entry => entry.Key, StringComparer.Ordinal))
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void WriteCommonMembers(Utf8JsonWriter json, ModelEntry model)
    {
        if (model.Header is { } header)
        {
            if (QuantizationName.Of(header.FileType) is { } quantization)
                json.WriteString("quantization"u8, quantization);
            if (ParametersOf(model, header) is { } parameters)
                json.WriteString("parameters"u8, parameters);
            json.WriteString("architecture"u8, header.Architecture);
        }

        if (model.SizeBytes > 0)
        {
            json.WriteString("size"u8, FileSizeText.Format(model.SizeBytes));
            json.WriteNumber("size_bytes"u8, model.SizeBytes);
        }

        json.WriteStartArray("origins"u8);
        foreach (string origin in model.Origins)
            json.WriteStringValue(origin);
        json.WriteEndArray();
    }

    // As registries say it. The first part of several has only some of the weights, so its label must do.
    private static string? ParametersOf(ModelEntry model, GgufHeader header) =>
        header.Parameters > 0 && !(model.Path is { } path && ShardName.TryParse(path, out _)) ? ParameterCount.Format(header.Parameters) : header.SizeLabel;

    private static void WriteModes(Utf8JsonWriter json, ModelEntry model)
    {
        json.WriteStartArray("modes"u8);
        foreach (var mode in model.Modes)
            json.WriteStringValue(ModeText.Format(mode));
        json.WriteEndArray();
    }

    private static long Created(ModelEntry model) => Math.Max(0, model.Created.ToUnixTimeSeconds());
}

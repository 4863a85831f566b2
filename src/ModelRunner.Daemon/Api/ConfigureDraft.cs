using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>The member <c>speculative</c> of <c>/engines/_configure</c>, in Docker Model Runner's shape: the draft model.</summary>
internal static class ConfigureDraft
{
    /// <summary>The name of the member.</summary>
    public const string Section = "speculative";

    private const string Model = "draft_model";
    private const string Tokens = "num_tokens";
    private const string Rate = "min_acceptance_rate";
    private const int MaxShown = 200;

    private static readonly string[] Members = [Model, Tokens, Rate];

    /// <summary>Reads the object of a request. False: it says nothing.</summary>
    /// <param name="section">The value of the member; not the JSON value <c>null</c>.</param>
    /// <param name="draft">The draft model as the client wrote it; null: none is wanted.</param>
    /// <exception cref="ApiException">It has another shape, or a value that is not allowed.</exception>
    public static bool TryRead(JsonElement section, out DraftSettings? draft)
    {
        draft = null;
        if (section.ValueKind != JsonValueKind.Object)
            throw Refuse($"\"{Section}\" is {Show(section)}; send an object with \"{Model}\"");
        JsonProperty[] said = [.. section.EnumerateObject().Where(static member => member.Value.ValueKind != JsonValueKind.Null)];
        if (Array.FindIndex(said, static member => !Members.Contains(member.Name, StringComparer.Ordinal)) is >= 0 and var index)
        {
            throw Refuse(
                $"\"{Section}\" has no member \"{PlainText.EscapeAndCut(said[index].Name, MaxShown)}\"; it has \"{Model}\", \"{Tokens}\" and \"{Rate}\"");
        }

        int? tokens = Array.Exists(said, static member => member.Name == Tokens) ? ReadTokens(section.GetProperty(Tokens)) : null;
        double? rate = Array.Exists(said, static member => member.Name == Rate) ? ReadRate(section.GetProperty(Rate)) : null;
        if (!Array.Exists(said, static member => member.Name == Model))
        {
            return tokens is null && rate is null
                ? false
                : throw Refuse($"\"{Section}\" names no draft model; send \"{Model}\" too, which is the name of a small model with the same vocabulary");
        }

        JsonElement name = section.GetProperty(Model);
        if (name.ValueKind != JsonValueKind.String)
            throw Refuse($"\"{Model}\" is {Show(name)}; send the name of a model");
        string text = name.GetString()!;
        if (text.Length == 0)
            return true;
        if (!ModelReference.TryParseWritten(text, out ModelReference reference, out string? problem))
            throw Refuse($"\"{Model}\" is \"{PlainText.EscapeAndCut(text, MaxShown)}\" and {problem}; send the name of a model");
        draft = new DraftSettings(reference) { MaxTokens = tokens, MinProbability = rate };
        return true;
    }

    /// <summary>Writes the member as a request has it; nothing if no client has changed it.</summary>
    public static void Write(Utf8JsonWriter json, ModelOverride settings)
    {
        if (settings is { Draft: null, HasNoDraft: false })
            return;
        json.WriteStartObject(Section);
        json.WriteString(Model, settings.Draft?.Model.ToString() ?? "");
        if (settings.Draft?.MaxTokens is { } tokens)
            json.WriteNumber(Tokens, tokens);
        if (settings.Draft?.MinProbability is { } rate)
            json.WriteNumber(Rate, rate);
        json.WriteEndObject();
    }

    // Clients of Docker Model Runner send 0 for "not set".
    private static int? ReadTokens(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number is >= 0 and <= DraftSettings.MostTokens
            ? number == 0 ? null : number
            : throw Refuse($"\"{Tokens}\" is {Show(value)}; send a number of tokens from 1 to {DraftSettings.MostTokens}, or 0 for llama-server's default");

    private static double? ReadRate(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number is >= 0 and <= 1
            ? number == 0 ? null : number
            : throw Refuse($"\"{Rate}\" is {Show(value)}; send a number from 0 to 1");

    private static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => PlainText.EscapeAndCut(value.GetRawText(), MaxShown),
    };

    private static ApiException Refuse(string message) => new(ApiError.Invalid(message, Section));
}

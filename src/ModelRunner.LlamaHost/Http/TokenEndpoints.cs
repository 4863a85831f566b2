using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using LLama.Native;
using ModelRunner.LlamaHost.Http.Completions;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http;

/// <summary>
/// <c>/tokenize</c>, <c>/detokenize</c> and <c>/apply-template</c>: tokens and prompts of a text or a chat, without inference.
/// </summary>
internal sealed class TokenEndpoints(HostState state)
{
    /// <summary>Converts a text, or a list of texts and tokens, to tokens.</summary>
    public async Task TokenizeAsync(HttpContext context)
    {
        LoadedModel model = state.RequireEngine().Model;
        using ReceivedBody received = await ReceivedBody.ReadAsync(context, state.BodyMemory);
        RequestBody body = received.Members;
        LLamaToken[] tokens = ReadContent(body, model);
        bool hasPieces = body.Boolean("with_pieces", false);
        await JsonResponse.SendAsync(context, 200, writer =>
        {
            writer.WriteStartArray("tokens");
            foreach (LLamaToken token in tokens)
                WriteToken(writer, token, hasPieces ? model.PieceOf(token, showsSpecial: true) : null);
            writer.WriteEndArray();
        });
    }

    /// <summary>Converts tokens to text.</summary>
    public async Task DetokenizeAsync(HttpContext context)
    {
        LoadedModel model = state.RequireEngine().Model;
        using ReceivedBody received = await ReceivedBody.ReadAsync(context, state.BodyMemory);
        JsonElement? value = received.Members.Find("tokens");
        if (value is { ValueKind: not JsonValueKind.Array } other)
            throw RequestBody.Wrong("tokens", other, "a list of tokens");
        var bytes = new MemoryStream();
        foreach (LLamaToken token in value is { } tokens ? TokenList.Read("tokens", tokens, model) : [])
        {
            bytes.Write(model.PieceOf(token, showsSpecial: true));
            MemoryLimits.OfProcess.CheckText(bytes.Length);
        }

        string text = Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        await JsonResponse.SendAsync(context, 200, writer => writer.WriteString("content", text));
    }

    /// <summary>Converts a chat to the prompt that the model would get.</summary>
    public async Task ApplyTemplateAsync(HttpContext context)
    {
        LoadedModel model = state.RequireEngine().Model;
        using ReceivedBody received = await ReceivedBody.ReadAsync(context, state.BodyMemory);
        RequestBody body = received.Members;
        string prompt = ChatPrompt.Write(body, model, ToolSetReader.Read(body, model.ChatTemplate));
        await JsonResponse.SendAsync(context, 200, writer => writer.WriteString("prompt", prompt));
    }

    private static LLamaToken[] ReadContent(RequestBody body, LoadedModel model)
    {
        bool addsSpecial = body.Boolean("add_special", false);
        bool readsSpecial = body.Boolean("parse_special", true);
        if (body.Find("content") is not { } content)
            return [];
        MemoryLimits.OfProcess.CheckText((content.ValueKind == JsonValueKind.Array ? content.EnumerateArray() : (IEnumerable<JsonElement>)[content])
            .Sum(PromptBytes.CountBytes));
        if (content.ValueKind == JsonValueKind.String)
            return model.Tokenize(RequestBody.Text("content", content), addsSpecial, readsSpecial);
        if (content.ValueKind != JsonValueKind.Array)
            throw RequestBody.Wrong("content", content, "a string, or a list of strings and tokens");

        // The model's begin token comes once, before the first element of the list if that is a text.
        var tokens = new List<LLamaToken>();
        foreach (JsonElement item in content.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String)
                tokens.AddRange(model.Tokenize(RequestBody.Text("content", item), addsSpecial && tokens.Count == 0, readsSpecial));
            else
                tokens.Add(TokenList.ReadToken("content", item, model));
        }

        return [.. tokens];
    }

    private static void WriteToken(Utf8JsonWriter writer, LLamaToken token, byte[]? piece)
    {
        if (piece is null)
        {
            writer.WriteNumberValue((int)token);
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("id", (int)token);
        writer.WritePropertyName("piece");
        if (Utf8.IsValid(piece))
        {
            writer.WriteStringValue(piece);
        }
        else
        {
            // An incomplete character is not text: its bytes are sent as numbers.
            writer.WriteStartArray();
            foreach (byte part in piece)
                writer.WriteNumberValue(part);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}

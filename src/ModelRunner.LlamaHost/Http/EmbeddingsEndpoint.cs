using System.Runtime.InteropServices;
using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Embeddings;

namespace ModelRunner.LlamaHost.Http;

/// <summary><c>/v1/embeddings</c>: texts or tokens to vectors of length 1.</summary>
internal sealed class EmbeddingsEndpoint(HostState state)
{
    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        RunningEngine engine = state.RequireEngine();
        if (engine.Embeddings is not { } embeddings)
            throw ApiException.NotEnabled("This server does not support embeddings. Start it with `--embeddings`");
        if (engine.Model.Context.PoolingType == LLamaPoolingType.None)
            throw ApiException.Invalid("Pooling type 'none' is not OAI compatible. Please use a different pooling type");

        using ReceivedBody received = await ReceivedBody.ReadAsync(context, state.BodyMemory);
        CheckMembers(received.Members, engine);
        bool isBase64 = IsBase64(received.Members);
        List<LLamaToken[]> inputs = ReadInputs(received.Members, engine, embeddings.InputTokens);
        received.KeepOnly(inputs.Sum(static input => (long)input.Length) * sizeof(int) + (inputs.Count * BytesFor(engine)));
        float[][] vectors = await ComputeAsync(embeddings, inputs, context.RequestAborted);
        int tokens = inputs.Sum(input => input.Length);
        await JsonResponse.SendAsync(context, 200, writer => Write(writer, vectors, tokens, isBase64));
    }

    // The vector, its numbers as text in a buffer that grows by doubling, and the job.
    private static long BytesFor(RunningEngine engine) => (engine.Model.Model.EmbeddingSize * 64L) + 1024;

    // Vectors have the model's own number of dimensions, and length 1. Shorter vectors only make sense for models that were trained for it,
    // which their files do not state.
    private static void CheckMembers(RequestBody body, RunningEngine engine)
    {
        int size = engine.Model.Model.EmbeddingSize;
        if (body.Find("dimensions") is { } dimensions && body.Integer("dimensions", size, 1, int.MaxValue) != size)
            throw RequestBody.Wrong("dimensions", dimensions, FormattableString.Invariant($"{size}, the length of this model's vectors, or left out"));
        if (body.Find("embd_normalize") is { } normalize && body.Integer("embd_normalize", 2, -1, int.MaxValue) != 2)
            throw ApiException.NeedsLlamaServer($"\"embd_normalize\" with the value {RequestBody.Shown(normalize)}");
    }

    private static bool IsBase64(RequestBody body) => body.Find("encoding_format") switch
    {
        null => false,
        { ValueKind: JsonValueKind.String } format when format.ValueEquals("float"u8) => false,
        { ValueKind: JsonValueKind.String } format when format.ValueEquals("base64"u8) => true,
        { } format => throw RequestBody.Wrong("encoding_format", format, "\"float\" or \"base64\""),
    };

    private static List<LLamaToken[]> ReadInputs(RequestBody body, RunningEngine engine, int limit)
    {
        JsonElement input = body.Find("input") ?? body.Find("content") ?? throw ApiException.Invalid("\"input\" must be provided");
        long most = MemoryLimits.OfProcess.AllInputsBytes / BytesFor(engine);
        if (input.ValueKind == JsonValueKind.Array && !TokenList.IsIn(input) && input.GetArrayLength() > most)
        {
            throw ApiException.TooLarge(FormattableString.Invariant(
                $"\"input\" has {input.GetArrayLength()} inputs; with the memory that llama-host may use, at most {most} fit; send fewer"));
        }

        foreach (JsonElement text in input.ValueKind == JsonValueKind.Array ? input.EnumerateArray() : (IEnumerable<JsonElement>)[input])
            PromptBytes.Check([text], engine.Model, limit, tokens => DescribeTooLong($"at least {tokens}", limit));
        var inputs = new List<LLamaToken[]>();
        if (input.ValueKind == JsonValueKind.Array && !TokenList.IsIn(input))
            inputs.AddRange(input.EnumerateArray().Select(item => ReadInput(item, engine)));
        else
            inputs.Add(ReadInput(input, engine));

        if (inputs.Count == 0 || inputs.Exists(tokens => tokens.Length == 0))
            throw ApiException.Invalid("\"input\" must not be empty");
        if (inputs.Find(tokens => tokens.Length > limit) is { } tooLong)
            throw ApiException.TooLong(tooLong.Length, limit, DescribeTooLong($"{tooLong.Length}", limit));

        return inputs;
    }

    private static string DescribeTooLong(string tokens, int limit) =>
        FormattableString.Invariant($"input ({tokens} tokens) is too large to process: at most {limit} tokens fit; ")
        + "send a shorter text, or raise --ctx-size (and --batch-size if it is set)";

    private static LLamaToken[] ReadInput(JsonElement input, RunningEngine engine)
    {
        if (TokenList.IsIn(input))
            return TokenList.Read("input", input, engine.Model);
        if (input.ValueKind == JsonValueKind.String)
            return engine.Model.Tokenize(RequestBody.Text("input", input));
        throw RequestBody.Wrong("input", input, "a string, a list of tokens, or a list of these");
    }

    private static async Task<float[][]> ComputeAsync(EmbeddingEngine engine, List<LLamaToken[]> inputs, CancellationToken clientLeft)
    {
        EmbeddingJob[] jobs = [.. inputs.Select(tokens => new EmbeddingJob(tokens, clientLeft))];
        foreach (EmbeddingJob job in jobs)
            engine.Submit(job);
        try
        {
            return await Task.WhenAll(jobs.Select(job => job.Vector));
        }
        catch (InvalidOperationException failure)
        {
            throw ApiException.Failed(failure.Message);
        }
    }

    private void Write(Utf8JsonWriter writer, float[][] vectors, int tokens, bool isBase64)
    {
        writer.WriteString("model", state.Settings.ModelName);
        writer.WriteString("object", "list");
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", tokens);
        writer.WriteNumber("total_tokens", tokens);
        writer.WriteEndObject();
        writer.WriteStartArray("data");
        for (int i = 0; i < vectors.Length; i++)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("embedding");
            WriteVector(writer, vectors[i], isBase64);
            writer.WriteNumber("index", i);
            writer.WriteString("object", "embedding");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    // Base64 encodes little-endian 32-bit floats, the format of memory here. The OpenAI SDK for .NET asks for it.
    private static void WriteVector(Utf8JsonWriter writer, float[] vector, bool isBase64)
    {
        if (isBase64)
        {
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes<float>(vector));
            return;
        }

        writer.WriteStartArray();
        foreach (float number in vector)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}

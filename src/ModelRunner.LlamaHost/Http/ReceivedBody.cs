using System.Globalization;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Http;

/// <summary>The JSON of a request, in memory that is returned on disposal.</summary>
internal sealed class ReceivedBody : IDisposable
{
    /// <summary>The same depth as the daemon's limit.</summary>
    public const int MaxDepth = 256;

    /// <summary>Bodies up to this size need no budget: their number is bounded by the connections.</summary>
    private const long SmallBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth };

    private readonly BodyMemory _memory;
    private long _taken;
    private JsonDocument? _document;

    private ReceivedBody(BodyMemory memory, long taken) => (_memory, _taken) = (memory, taken);

    /// <summary>The members.</summary>
    public RequestBody Members => new(_document!.RootElement);

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="ApiException">It is not a JSON object, or there is no memory for it.</exception>
    public static async Task<ReceivedBody> ReadAsync(HttpContext context, BodyMemory memory)
    {
        // A body without a stated length counts as one of the largest size.
        MemoryLimits limits = MemoryLimits.OfProcess;
        long length = context.Request.ContentLength ?? limits.BodyBytes;
        if (length > limits.BodyBytes)
            throw TooLarge(limits);

        long taken = length > SmallBytes ? limits.CostOf(length) : 0;
        if (taken > 0)
            await memory.TakeAsync(taken, context.RequestAborted);
        var body = new ReceivedBody(memory, taken);
        try
        {
            body._document = await ParseAsync(context);
            return body._document.RootElement.ValueKind == JsonValueKind.Object ? body : throw ApiException.Invalid("the body must be a JSON object");
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose() => KeepOnly(0);

    /// <summary>Disposes the JSON. A part of the memory stays reserved until disposal, for what was made from the JSON.</summary>
    /// <param name="bytes">The most bytes that stay reserved.</param>
    public void KeepOnly(long bytes)
    {
        _document?.Dispose();
        _document = null;
        long returned = _taken - Math.Min(_taken, bytes);
        if (returned == 0)
            return;

        // The heap is small, since the model is not on it. Without this call it would keep the memory of the largest bodies.
        if (_memory.NoteGarbage(returned))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _taken -= returned;
        _memory.Return(returned);
    }

    private static ApiException TooLarge(MemoryLimits limits) => ApiException.TooLarge(FormattableString.Invariant(
        $"the request's body is larger than {limits.BodyBytes} bytes; send less")
        + (limits.BodyBytes < HostServer.MaxBodyBytes ? ", or allow llama-host more memory" : ""));

    private static async Task<JsonDocument> ParseAsync(HttpContext context)
    {
        ReadOnlyMemory<byte> bytes = await ReadBytesAsync(context);

        // The client may have left while the body waited for memory or arrived. Parsing it would be wasted work.
        context.RequestAborted.ThrowIfCancellationRequested();
        CheckTokens(bytes.Span);
        try
        {
            return JsonDocument.Parse(bytes, Options);
        }
        catch (JsonException failure)
        {
            throw ApiException.Invalid(IsTooDeep(bytes.Span)
                ? $"the body's JSON is nested deeper than {MaxDepth} levels; send a flatter one"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"the body is not valid JSON: line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}"));
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpContext context)
    {
        MemoryLimits limits = MemoryLimits.OfProcess;
        long most = context.Request.ContentLength ?? limits.BodyBytes + 1;
        byte[] whole = GC.AllocateUninitializedArray<byte>((int)most);
        int count;
        try
        {
            count = await context.Request.Body.ReadAtLeastAsync(whole, whole.Length, throwOnEndOfStream: false, context.RequestAborted);
        }
        catch (IOException failure) when (failure is not BadHttpRequestException && !context.RequestAborted.IsCancellationRequested)
        {
            // Kestrel throws this for a chunk size that does not fit its integer.
            throw ApiException.Invalid($"the request's body cannot be read: {failure.Message}");
        }

        return count <= limits.BodyBytes ? WithoutMark(whole.AsMemory(0, count)) : throw TooLarge(limits);
    }

    // To parse JSON costs memory for each value, also for an empty one. To count the values costs none.
    private static void CheckTokens(ReadOnlySpan<byte> json)
    {
        if (json.Length <= SmallBytes)
            return;
        long limit = MemoryLimits.OfProcess.JsonTokens;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            for (long count = 0; reader.Read(); count++)
            {
                if (count == limit)
                {
                    throw ApiException.TooLarge(FormattableString.Invariant(
                        $"the body's JSON has more than {limit} values; send less, or allow llama-host more memory"));
                }
            }
        }
        catch (JsonException)
        {
            // The parser reports it.
        }
    }

    // The byte order mark, which some clients write.
    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> bytes) => bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;

    // The reader's exceptions differ only in their messages.
    private static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            while (reader.Read())
            {
                // Only the depth at which the reader fails matters.
            }
        }
        catch (JsonException)
        {
            // The reader stops before the bracket that is too deep, and has not counted the one before it.
            return reader.CurrentDepth >= (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? MaxDepth - 1 : MaxDepth)
                && json[(int)reader.BytesConsumed..].IndexOfAny("[{"u8) == 0;
        }

        return false;
    }
}

using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http;

/// <summary>
/// Refuses texts that cannot fit the context before they are tokenized. llama.cpp uses about 50 bytes of memory for each byte of text that
/// it tokenizes, and much time.
/// </summary>
internal static class PromptBytes
{
    /// <summary>Shorter texts are not checked here: their tokens are counted later anyway.</summary>
    private const long FewBytes = 64 * 1024;

    /// <summary>
    /// Refuses a prompt whose texts have more bytes than the given number of the model's longest tokens, or more than fit into memory.
    /// </summary>
    /// <param name="texts">The JSON strings of the prompt; other values are ignored.</param>
    /// <param name="model">The model.</param>
    /// <param name="limit">The most tokens.</param>
    /// <param name="describe">Writes the error for the least possible number of tokens.</param>
    /// <exception cref="ApiException">The prompt is too long.</exception>
    public static void Check(IEnumerable<JsonElement> texts, LoadedModel model, int limit, Func<long, string> describe)
    {
        Check(texts.Sum(CountBytes), model, limit, describe);
    }

    /// <summary>The same for a text, such as a chat with all that its template wrote.</summary>
    /// <exception cref="ApiException">The text is too long.</exception>
    public static void Check(string text, LoadedModel model, int limit, Func<long, string> describe) =>
        Check(Encoding.UTF8.GetByteCount(text), model, limit, describe);

    private static void Check(long bytes, LoadedModel model, int limit, Func<long, string> describe)
    {
        if (bytes <= FewBytes)
            return;
        long tokens = model.LongestTokenBytes is { } longest ? (bytes + longest - 1) / longest : 0;
        if (tokens > limit)
            throw ApiException.TooLong((int)Math.Min(tokens, int.MaxValue), limit, describe(tokens));
        MemoryLimits.OfProcess.CheckText(bytes);
    }

    /// <summary>The least number of UTF-8 bytes that a JSON string decodes to; 0 for other values. An escape counts as one byte.</summary>
    internal static long CountBytes(JsonElement text)
    {
        if (text.ValueKind != JsonValueKind.String)
            return 0;
        ReadOnlySpan<byte> rest = JsonMarshal.GetRawUtf8Value(text)[1..^1];
        long count = 0;
        while (rest.IndexOf((byte)'\\') is >= 0 and int index)
        {
            count += index + 1;
            rest = rest[(index + (rest[index + 1] == 'u' ? 6 : 2))..];
        }

        return count + rest.Length;
    }
}

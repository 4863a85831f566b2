using System.Runtime.InteropServices;
using System.Text.Json;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http;

/// <summary>
/// Refuses texts that cannot fit the context before anything is made of them. llama.cpp takes about 50 bytes of memory for each byte of a text
/// that it makes tokens of, and much time.
/// </summary>
internal static class PromptBytes
{
    /// <summary>Shorter texts are not looked at: their tokens are counted anyhow.</summary>
    private const long FewBytes = 64 * 1024;

    /// <summary>Refuses a prompt whose texts together have more bytes than the longest tokens of the model could hold.</summary>
    /// <param name="texts">The JSON strings that the prompt is made of; what is no string is left out.</param>
    /// <param name="model">The model.</param>
    /// <param name="limit">The most tokens.</param>
    /// <param name="describe">Makes the sentence of the least number of tokens.</param>
    /// <exception cref="ApiException">The prompt is too long.</exception>
    public static void Check(IEnumerable<JsonElement> texts, LoadedModel model, int limit, Func<long, string> describe)
    {
        long bytes = texts.Where(static text => text.ValueKind == JsonValueKind.String).Sum(CountBytes);
        if (bytes <= FewBytes || model.LongestTokenBytes is not { } longest)
            return;

        long tokens = (bytes + longest - 1) / longest;
        if (tokens > limit)
            throw ApiException.TooLong((int)Math.Min(tokens, int.MaxValue), limit, describe(tokens));
    }

    /// <summary>The least number of UTF-8 bytes that a JSON string stands for. An escape counts as one byte.</summary>
    internal static long CountBytes(JsonElement text)
    {
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

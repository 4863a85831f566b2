using System.Text;
using ModelRunner.Telemetry;

namespace ModelRunner.Benchmarks.Telemetry;

/// <summary>A response in the parts in which a server sends it.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Format">How it is written.</param>
/// <param name="Parts">Its parts.</param>
public sealed record ResponseCase(string Name, ResponseFormat Format, IReadOnlyList<byte[]> Parts) : ISizedCase
{
    private const string Chunk =
        """{"choices":[{"finish_reason":null,"index":0,"delta":{"content":" token"}}],"created":1795749596,"id":"chatcmpl-ctdKZpqhUPPd5VLAWV8SrmaOmYt9W7M5","model":"model","system_fingerprint":"b11669","object":"chat.completion.chunk"}""";

    private const string Counts =
        """ "usage":{"completion_tokens":1000,"prompt_tokens":18,"total_tokens":1018},"timings":{"cache_n":0,"prompt_n":18,"prompt_ms":68.664,"predicted_n":1000,"predicted_ms":27.905}}""";

    /// <summary>The bytes of the response.</summary>
    public long TotalBytes => Parts.Sum(static part => (long)part.Length);

    /// <summary>A chat of 1,000 tokens, an event each.</summary>
    public static ResponseCase Stream() => new(
        "chat stream", ResponseFormat.Events,
        [.. Enumerable.Repeat(Encoding.UTF8.GetBytes($"data: {Chunk}\n\n"), 1_000), Encoding.UTF8.GetBytes($"data: {{\"choices\":[],{Counts}\n\n")]);

    /// <summary>A chat in one document.</summary>
    public static ResponseCase Document() => new(
        "chat document", ResponseFormat.Json,
        Cut("""{"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":""" + "\"" + string.Concat(Enumerable.Repeat("some words ", 100)) + "\"}}]," + Counts));

    /// <summary>Embeddings of 1,024 numbers.</summary>
    public static ResponseCase Embedding() => new(
        "embedding", ResponseFormat.Json,
        Cut($$"""{"usage":{"prompt_tokens":8,"total_tokens":8},"data":[{"embedding":[{{string.Join(',', Enumerable.Repeat("-0.0550880990922451", 1_024))}}]}]}"""));

    public override string ToString() => Name;

    private static byte[][] Cut(string text) => [.. Encoding.UTF8.GetBytes(text).Chunk(4096)];
}

using System.Text;
using System.Text.Json;
using CsCheck;

namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>Random JSON in which the members that count occur at right and at wrong places.</summary>
internal static class RandomResponses
{
    private static readonly string[] Names =
    [
        "usage", "timings", "choices", "error", "type", "status", "stop_reason", "stop_type", "incomplete_details", "index", "content", "delta", "message",
        "response", "prompt_n", "cache_n", "predicted_n", "draft_n", "draft_n_accepted", "prompt_tokens", "completion_tokens", "total_tokens",
        "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "prompt_tokens_details", "input_tokens_details",
        "cached_tokens", "finish_reason", "text", "reasoning_content", "tool_calls", "thinking", "reason", "ünïcode \"x\"", "", "usage ",
    ];

    private static readonly string[] Words =
    [
        "stop", "length", "tool_calls", "max_tokens", "none", "", "error", "content_block_delta", "response.output_text.delta", "failed", "incomplete",
        "completed", "refusal", "{\"usage\":{\"prompt_tokens\":1}}", "[DONE]", "\\ \" \n \u00e9 \U0001F600", "a",
    ];

    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Int[0, 40].Select(static value => $"{value}"), Pick("-1", "-0", "1.5", "1e3", "0.0E-2", "2147483647", "2147483648", "123456789012345678901234567890"));

    private static readonly Gen<string> Text = Gen.OneOf(Pick(Words), Gen.String[0, 3].Select(Valid)).Select(Gen.Bool, Quote);

    private static readonly Gen<string> Scalar = Gen.OneOf(Number, Text, Pick("true", "false", "null"));

    private static readonly Gen<string> Space = Gen.Frequency((8, Gen.Const("")), (1, Gen.Const(" ")), (1, Gen.Const("\t ")));

    /// <summary>A document of the shape of a response, with random parts.</summary>
    public static Gen<string> Json { get; } = Gen.Frequency((6, Response()), (1, Value(4)));

    /// <summary>A stream of such documents.</summary>
    public static Gen<string> Events { get; } = Gen.Select(
        Gen.Select(
            Pick("data: ", "data:", "data: ", "event: x\ndata: ", ": c\ndata:  ", "id: 1\rdata: "), Json,
            Pick("\n\n", "\r\n\r\n", "\r\r", "\n", "\n\n\n")).Select(static part => part.Item1 + part.Item2 + part.Item3).Array[0, 6],
        Pick("", "data: [DONE]\n\n", "data: [DONE]", "data:\n\n", "data: {\"choices\":[")).Select(static all => string.Concat(all.Item1) + all.Item2);

    private static Gen<string> Response()
    {
        Gen<string> counts = Object(Pick(Names[14..29]), Gen.Frequency((8, Number), (1, Scalar), (2, Object(Pick(Names), Scalar))));
        Gen<string> delta = Object(Pick("content", "reasoning_content", "tool_calls", "text", "stop_reason", "role"), Gen.OneOf(Text, Value(1)));
        Gen<string> choice = Object(
            Pick("index", "finish_reason", "delta", "message", "text", "usage"), Gen.Frequency((4, Scalar), (4, delta), (1, counts), (1, Value(2))));
        Gen<string> choices = Array(Gen.Frequency((8, choice), (1, Value(1))));
        Gen<string> envelope = Object(
            Pick("usage", "status", "stop_reason", "error", "incomplete_details"), Gen.OneOf(Scalar, counts, Object(Pick("reason"), Text)));
        return Object(
            Pick(Names[..14]), Gen.Frequency((4, Scalar), (4, counts), (4, choices), (2, delta), (2, envelope), (2, Value(3))));
    }

    private static Gen<string> Value(int depth) => depth == 0
        ? Scalar
        : Gen.Frequency((2, Scalar), (3, Object(Pick(Names), Value(depth - 1))), (2, Array(Value(depth - 1))));

    private static Gen<string> Array(Gen<string> element) =>
        Gen.Select(element.Array[0, 3], Space).Select(static all => $"[{all.Item2}{string.Join($"{all.Item2},", all.Item1)}{all.Item2}]");

    private static Gen<string> Object(Gen<string> name, Gen<string> value) =>
        Gen.Select(Gen.Select(name.Select(Gen.Bool, Quote), value, Space).Select(static all => $"{all.Item1}{all.Item3}:{all.Item3}{all.Item2}").Array[0, 5], Space)
            .Select(static all => $"{{{all.Item2}{string.Join($",{all.Item2}", all.Item1)}{all.Item2}}}");

    // Half of the texts have every character escaped.
    private static string Quote(string text, bool isEscaped) => isEscaped
        ? $"\"{string.Concat(text.Select(static character => $"\\u{(int)character:x4}"))}\""
        : JsonSerializer.Serialize(text);

    private static Gen<string> Pick(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(index => choices[index]);

    private static string Valid(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}

using System.Text;
using CsCheck;
using ModelRunner.Telemetry.Tests.Support;

namespace ModelRunner.Telemetry.Tests;

/// <summary>Random responses, compared with a slow reader.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public void Random_documents_are_read_as_by_the_slow_reader() => Gen.Select(RandomResponses.Json, Gen.Int[0, 1 << 20]).Sample(
        static (body, seed) => AssertEqual(body, ResponseFormat.Json, seed), iter: 5_000);

    [Fact]
    public void Random_streams_are_read_as_by_the_slow_reader() => Gen.Select(RandomResponses.Events, Gen.Int[0, 1 << 20]).Sample(
        static (body, seed) => AssertEqual(body, ResponseFormat.Events, seed), iter: 3_000);

    [Fact]
    public void Damaged_responses_are_read_the_same_however_they_are_split() =>
        Gen.Select(Gen.OneOf(RandomResponses.Events, RandomResponses.Json), Gen.Int[0, 1 << 20], Gen.Byte, Gen.Int[0, 3]).Sample(
            static (text, seed, value, change) =>
            {
                byte[] body = Damage(Encoding.UTF8.GetBytes(text), seed, value, change);
                foreach (ResponseFormat format in Enum.GetValues<ResponseFormat>())
                {
                    ResponseFigures whole = Body.InParts(body, format);
                    Assert.Equal(whole, Body.ByteByByte(body, format));
                    Assert.True(whole.PromptTokens >= 0 && whole.CachedTokens >= 0 && whole.GeneratedTokens >= 0);
                }
            },
            iter: 3_000);

    private static void AssertEqual(string text, ResponseFormat format, int seed)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        ResponseFigures expected = ReferenceReader.Read(body, format);
        int cut = seed % (body.Length + 1);

        Assert.Equal(expected, Body.InParts(body, format, cut));
        Assert.Equal(expected, Body.ByteByByte(body, format));
    }

    private static byte[] Damage(byte[] body, int seed, byte value, int change)
    {
        if (body.Length == 0)
            return body;
        int at = seed % body.Length;
        return change switch
        {
            0 => body[..at],
            1 => [.. body[..at], value, .. body[at..]],
            2 => [.. body[..at], .. body[(at + 1)..]],
            _ => [.. body[..at], .. body[(seed / 7 % body.Length)..]],
        };
    }
}

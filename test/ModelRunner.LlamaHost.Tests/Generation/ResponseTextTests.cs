using System.Text;
using CsCheck;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Tests.Generation;

public sealed class ResponseTextTests
{
    private static readonly Gen<string> Texts =
        Gen.OneOf("a", "ab", "ż", "日本", "🦊", "e\u0301", " ", "\n", "stop").Array[0, 20].Select(string.Concat);

    [Fact]
    public void Any_text_in_pieces_of_any_size_comes_out_whole() =>
        Gen.Select(Texts, Gen.Int[1, 5]).Sample((text, size) =>
        {
            var answer = new ResponseText([]);

            string[] pieces = [.. Encoding.UTF8.GetBytes(text).Chunk(size).Select(bytes => answer.Add(bytes))];

            Assert.Equal(text, string.Concat(pieces) + answer.Finish());
            Assert.DoesNotContain(pieces, piece => piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])));
        });

    [Fact]
    public void A_stop_text_ends_the_answer_however_it_is_cut() =>
        Gen.Select(Texts, Gen.OneOf("stop", "🦊", "aba", "\n\n"), Gen.Int[1, 5]).Sample((text, stop, size) =>
        {
            var answer = new ResponseText([stop]);

            string given = string.Concat(Encoding.UTF8.GetBytes(text).Chunk(size).Select(bytes => answer.Add(bytes))) + answer.Finish();

            int at = text.IndexOf(stop, StringComparison.Ordinal);
            Assert.Equal(at < 0 ? text : text[..at], given);
            Assert.Equal(at >= 0, answer.IsStopped);
        });

    [Fact]
    public void The_first_of_several_stop_texts_counts()
    {
        var answer = new ResponseText(["xyz", "b"]);

        Assert.Equal("a", answer.Add("abxyz"u8));
        Assert.True(answer.IsStopped);
        Assert.Equal("", answer.Add("more"u8));
    }

    [Fact]
    public void What_may_become_a_stop_text_is_held_back_until_it_is_known()
    {
        var answer = new ResponseText(["END"]);

        Assert.Equal("the ", answer.Add("the E"u8));
        Assert.Equal("", answer.Add("N"u8));
        Assert.Equal("ENemy", answer.Add("emy"u8));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_marked_and_a_character_cut_off_by_the_end_is_left_out()
    {
        var answer = new ResponseText([]);

        Assert.Equal("a\uFFFDb", answer.Add([(byte)'a', 0xFF, (byte)'b']));
        Assert.Equal("", answer.Add([0xF0, 0x9F]));
        Assert.Equal("", answer.Finish());
    }
}

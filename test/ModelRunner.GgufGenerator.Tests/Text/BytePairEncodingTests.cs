using CsCheck;
using ModelRunner.GgufGenerator.Text;

namespace ModelRunner.GgufGenerator.Tests.Text;

public sealed class BytePairEncodingTests
{
    private static readonly BytePairEncoding Encoding = Learn();

    [Fact]
    public void Any_text_comes_back() =>
        Gen.String.Sample(text =>
        {
            string valid = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
            Assert.Equal(valid, ByteAlphabet.Decode(Encoding.Encode(valid).Select(id => Encoding.Tokens[id])));
        }, threads: 1); // It remembers the words that it has seen and is made for one thread.

    [Theory]
    [InlineData("")]
    [InlineData("The capital of Norway is Oslo.")]
    [InlineData("żółć 日本 🦊 e\u0301")]
    [InlineData("\0\t\r\n  trailing  ")]
    public void So_do_these(string text) =>
        Assert.Equal(text, ByteAlphabet.Decode(Encoding.Encode(text).Select(id => Encoding.Tokens[id])));

    [Fact]
    public void What_it_learned_from_is_short() => Assert.InRange(Encoding.Encode("Once upon a time there was a small fox").Count(), 9, 12);

    [Fact]
    public void Tokens_merges_and_types_fit_together()
    {
        Assert.Equal(768, Encoding.Tokens.Count);
        Assert.Equal(768, Encoding.Types.Count);
        Assert.Equal(768 - 256 - 3, Encoding.Merges.Count);
        Assert.Equal(768, Encoding.Tokens.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal([3, 3, 3, 1], Encoding.Types.Take(4));
        Assert.All(Encoding.Merges, merge => Assert.Contains(merge.Replace(" ", "", StringComparison.Ordinal), Encoding.Tokens));
    }

    private static BytePairEncoding Learn()
    {
        var corpus = new CorpusWriter(1);
        return BytePairEncoding.Train(
            Enumerable.Range(0, 1000).SelectMany(_ => corpus.WriteDocument()).Where(segment => !CorpusWriter.IsSpecial(segment)),
            768,
            CorpusWriter.Begin,
            CorpusWriter.MessageStart,
            CorpusWriter.MessageEnd);
    }
}

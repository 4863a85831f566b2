using System.Globalization;
using System.Text;
using CsCheck;
using ModelRunner.ScrapeBenchmark.Http;

namespace ModelRunner.ScrapeBenchmark.Tests.Http;

public sealed class HttpResponseReaderTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

    private static readonly Gen<int[]> Lengths = Gen.Int[1, 40].Array[1, 8];

    [Fact]
    public void A_body_in_chunks_is_read_whole_however_it_is_cut_on_its_way() =>
        Gen.Select(Gen.Byte.Array[0, 300], Lengths, Lengths, Gen.Int[64, 200]).Sample((body, chunks, parts, capacity) =>
        {
            (int status, byte[] read) = Read(new SplitStream(Chunked(body, chunks), parts), capacity);
            Assert.Equal(200, status);
            Assert.Equal(body, read);
        });

    [Fact]
    public void A_body_with_a_length_is_read_whole_however_it_is_cut_on_its_way() =>
        Gen.Select(Gen.Byte.Array[0, 300], Lengths, Gen.Int[64, 200]).Sample((body, parts, capacity) =>
        {
            byte[] answer = [.. Encoding.ASCII.GetBytes($"{Head}content-length:{body.Length}\r\n\r\n"), .. body];
            Assert.Equal(body, Read(new SplitStream(answer, parts), capacity).Body);
        });

    [Fact]
    public void An_answer_that_breaks_off_anywhere_is_an_error()
    {
        byte[] answer = Chunked([.. Enumerable.Range(0, 50).Select(static number => (byte)number)], [7]);

        for (int length = 0; length < answer.Length; length++)
            Assert.Throws<EndOfStreamException>(() => Read(new MemoryStream(answer[..length])));
    }

    [Theory]
    [InlineData("5;name=\"value\"\r\nabcde\r\n0\r\n\r\n", "abcde")]
    [InlineData("05 \r\nabcde\r\n0\r\nServer-Timing: total\r\nExpires: 0\r\n\r\n", "abcde")]
    [InlineData("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789")]
    [InlineData("0\r\n\r\n", "")]
    public void Chunks_may_have_what_the_protocol_allows(string chunks, string body) =>
        Assert.Equal(body, Encoding.ASCII.GetString(Read($"{Head}Transfer-Encoding: chunked\r\n\r\n{chunks}").Body));

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "begins no answer")]
    [InlineData("SSH-2.0\r\n\r\n", "begins no answer")]
    [InlineData(Head + "\r\n", "neither a length nor chunks")]
    [InlineData(Head + "Content-Length: -1\r\n\r\n", "is not understood")]
    [InlineData(Head + "Content-Length: 1, 1\r\n\r\nx", "is not understood")]
    [InlineData(Head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "is not understood")]
    [InlineData(Head + "Content-Length: 1\r\n\r\nxy", "after the end")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", "after the end")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", "longer than it says")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n", "is not understood")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n", "is not understood")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n\r\n", "is not understood")]
    public void What_is_no_answer_is_an_error(string answer, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(answer)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_line_has_a_limit() => Assert.Contains(
        "longer than 64 bytes", Assert.Throws<InvalidDataException>(() => Read(new MemoryStream(new byte[100]), 64)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_reader_serves_one_connection_after_another()
    {
        var reader = new HttpResponseReader();

        Assert.Equal(503, reader.Read(Stream("HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\nx"), static _ => { }));
        Assert.Equal(200, reader.Read(Stream(Head + "Content-Length: 0\r\n\r\n"), static _ => { }));
    }

    private static byte[] Chunked(byte[] body, int[] lengths)
    {
        var answer = new MemoryStream();
        answer.Write(Encoding.ASCII.GetBytes($"{Head}Transfer-Encoding: chunked\r\n\r\n"));
        for (int start = 0, chunk = 0; start < body.Length; chunk++)
        {
            byte[] part = body[start..Math.Min(body.Length, start + lengths[chunk % lengths.Length])];
            answer.Write(Encoding.ASCII.GetBytes(part.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
            answer.Write([.. part, (byte)'\r', (byte)'\n']);
            start += part.Length;
        }

        answer.Write("0\r\n\r\n"u8);
        return answer.ToArray();
    }

    private static MemoryStream Stream(string answer) => new(Encoding.ASCII.GetBytes(answer));

    private static (int Status, byte[] Body) Read(string answer) => Read(Stream(answer));

    private static (int Status, byte[] Body) Read(Stream stream, int capacity = 256)
    {
        var body = new MemoryStream();
        return (new HttpResponseReader(capacity).Read(stream, body.Write), body.ToArray());
    }
}

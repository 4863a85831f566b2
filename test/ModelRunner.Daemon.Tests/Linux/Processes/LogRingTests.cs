using System.Text;
using CsCheck;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class LogRingTests
{
    [Fact]
    public void Only_the_last_bytes_are_kept() =>
        Gen.Int[0, 300].Array[0, 20].Sample(static lengths =>
        {
            var ring = new LogRing(256);
            var all = new StringBuilder();
            for (int i = 0; i < lengths.Length; i++)
            {
                string text = new((char)('a' + i), lengths[i]);
                all.Append(text);
                ring.Write(Encoding.ASCII.GetBytes(text));
            }

            string kept = all.Length > 256 ? all.ToString()[^256..] : all.ToString();
            Assert.Equal(kept, string.Concat(ring.ReadLines()));
        });

    [Fact]
    public void A_line_whose_start_was_overwritten_is_left_out()
    {
        var ring = new LogRing(16);
        ring.Write("first line\nsecond\nthird\n"u8);

        Assert.Equal(["second", "third"], ring.ReadLines());
    }

    [Fact]
    public void Control_characters_and_invalid_UTF8_are_made_harmless()
    {
        var ring = new LogRing();
        ring.Write("\x1b[31mred\x07\r\n"u8);
        ring.Write([0xff, 0xfe, (byte)'\n']);

        IReadOnlyList<string> lines = ring.ReadLines();

        Assert.Equal("\\x1b[31mred\\x07", lines[0]);
        Assert.Equal("\ufffd\ufffd", lines[1]);
    }

    [Fact]
    public void Only_as_many_lines_as_asked_for_are_shown()
    {
        var ring = new LogRing();
        for (int i = 0; i < 50; i++)
            ring.Write(Encoding.ASCII.GetBytes($"line {i}\n"));

        Assert.Equal(["line 48", "line 49"], ring.ReadLines(2));
    }
}

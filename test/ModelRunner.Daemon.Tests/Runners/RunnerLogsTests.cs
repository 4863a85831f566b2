using System.Text;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class RunnerLogsTests
{
    private readonly LogRing _ring = new(capacity: 32);

    [Fact]
    public void A_cursor_returns_each_whole_line_once()
    {
        var cursor = new LogCursor(Runner(_ring));
        Write("one\ntw");
        Assert.Equal(["one"], cursor.Read());
        Assert.Empty(cursor.Read());
        Write("o\r\n\nthree\n");

        Assert.Equal(["two", "three"], cursor.Read());
    }

    [Fact]
    public void What_was_overwritten_is_told_and_half_a_line_is_not_shown()
    {
        var cursor = new LogCursor(Runner(_ring));
        Write("first\n");
        Assert.Equal(["first"], cursor.Read());
        Write("a line that is longer than it fits\nlast line\n");

        Assert.Equal(["(13 bytes are missing: the engine writes faster than they were read)", "last line"], cursor.Read());
        Assert.Equal(["last line"], new LogCursor(Runner(_ring)).Read());
    }

    [Fact]
    public void Control_characters_do_not_reach_the_terminal_of_a_reader()
    {
        Write("\u001b[31mred\n");
        Assert.DoesNotContain('\u001b', Assert.Single(new LogCursor(Runner(_ring)).Read()));
    }

    [Fact]
    public void Reading_from_a_position_agrees_with_a_copy_of_everything()
    {
        var random = new Random(1);
        var all = new List<byte>();
        long position = 0;
        for (int i = 0; i < 500; i++)
        {
            byte[] part = new byte[random.Next(50)];
            random.NextBytes(part);
            _ring.Write(part);
            all.AddRange(part);
            if (random.Next(3) == 0)
                continue;
            long from = position;
            byte[] read = _ring.ReadFrom(ref position, out long lost);
            Assert.Equal(all.Count, position);
            Assert.Equal(Math.Max(0, all.Count - 32 - from), lost);
            Assert.Equal(all.Skip((int)(from + lost)), read);
        }
    }

    [Fact]
    public void The_last_start_of_a_limited_number_of_models_is_kept()
    {
        var logs = new RunnerLogs();
        for (int i = 0; i < 200; i++)
            logs.Begin(new RunnerKey("llama.cpp", $"m{i % 100}", RunnerMode.Completion), Runner(output: null));

        Assert.Equal(RunnerLogs.MaxLogs, logs.List(model: null).Count);
        Assert.Equal(200, Assert.Single(logs.List("m99")).Number);
        Assert.Empty(logs.List("m0"));
    }

    private static FakeRunner Runner(LogRing? output) =>
        new(new RunnerId(1), new RunnerKey("llama.cpp", "m", RunnerMode.Completion)) { Output = output };

    private void Write(string text) => _ring.Write(Encoding.UTF8.GetBytes(text));
}

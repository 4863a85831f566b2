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

        Assert.Equal(["(35 bytes are missing: the engine writes faster than they were read)", "last line"], cursor.Read());
        Assert.Equal(["(41 bytes before this are no longer kept)", "last line"], new LogCursor(Runner(_ring)).Read());
    }

    [Fact]
    public void All_bytes_that_are_not_shown_are_counted()
    {
        var cursor = new LogCursor(Runner(_ring));
        Write("ab");
        Assert.Empty(cursor.Read());
        Write(new string('.', 40));
        Assert.Equal(["(42 bytes are missing: the engine writes faster than they were read)"], cursor.Read());
        Write("new\n");

        Assert.Equal(["new"], cursor.Read());
    }

    [Fact]
    public void Output_without_line_ends_is_shown_and_not_collected()
    {
        var ring = new LogRing();
        var cursor = new LogCursor(Runner(ring));
        ring.Write(Encoding.UTF8.GetBytes(new string('.', LogCursor.MaxLine)));
        Assert.Empty(cursor.Read());
        ring.Write([(byte)'.', 0xc3]);
        Assert.Equal([new string('.', LogCursor.MaxLine) + "…"], cursor.Read());
        ring.Write([0xa9, (byte)'\n']);

        Assert.Equal(["é"], cursor.Read());
    }

    [Fact]
    public void Each_step_of_a_progress_bar_is_a_line()
    {
        var cursor = new LogCursor(Runner(_ring));
        Write("10 %\r20 %\r30");

        Assert.Equal(["10 %", "20 %"], cursor.Read());
    }

    [Fact]
    public void A_runner_that_is_replaced_is_read_to_its_end()
    {
        var logs = new RunnerLogs();
        using var follower = new LogFollower(logs, model: null);
        FakeRunner first = Runner(_ring);
        logs.Begin(first.Key, first);
        Write("one\n");
        Assert.Equal(["one"], follower.Read().Select(static read => read.Line));
        Write("two\nla");
        var ring = new LogRing();
        logs.Begin(first.Key, Runner(ring));
        ring.Write("next\n"u8);
        Assert.Equal([(1, "two"), (2, "next")], follower.Read().Select(static read => (read.Log.Number, read.Line)));
        Write("st words");
        first.End();

        Assert.Equal(["last words"], follower.Read().Select(static read => read.Line));
        Assert.Empty(follower.Read());
    }

    [Fact]
    public void A_runner_that_starts_and_is_replaced_between_two_reads_is_read()
    {
        var logs = new RunnerLogs();
        using var follower = new LogFollower(logs, "m");
        Assert.Empty(follower.Read());
        RunnerLog[] starts = [.. Enumerable.Range(0, 3).Select(number => Begin(logs, $"{number}\n"))];

        Assert.Equal(["0", "1", "2"], follower.Read().Select(static read => read.Line));
        Assert.Empty(follower.Read());
        Assert.Equal(starts[2], Assert.Single(logs.List("m")));
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

    [Fact]
    public void The_output_of_a_process_that_lives_is_kept_before_that_of_one_that_has_ended()
    {
        var logs = new RunnerLogs();
        logs.Begin(new RunnerKey("llama.cpp", "living", RunnerMode.Completion), Runner(output: null));
        for (int i = 0; i < RunnerLogs.MaxLogs; i++)
        {
            FakeRunner ended = Runner(output: null);
            ended.End();
            logs.Begin(new RunnerKey("llama.cpp", $"m{i}", RunnerMode.Completion), ended);
        }

        Assert.Single(logs.List("living"));
        Assert.Empty(logs.List("m0"));
        Assert.Single(logs.List("m1"));
    }

    private static FakeRunner Runner(LogRing? output) =>
        new(new RunnerId(1), new RunnerKey("llama.cpp", "m", RunnerMode.Completion)) { Output = output };

    private void Write(string text) => _ring.Write(Encoding.UTF8.GetBytes(text));

    private static RunnerLog Begin(RunnerLogs logs, string text)
    {
        var ring = new LogRing();
        ring.Write(Encoding.UTF8.GetBytes(text));
        FakeRunner runner = Runner(ring);
        logs.Begin(new RunnerKey("llama.cpp", "m", RunnerMode.Completion), runner);
        runner.End();
        return logs.List("m")[^1];
    }
}

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Tests.Diagnostics;

public sealed class LineLoggerProviderTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 7, 13, 12, 345, TimeSpan.Zero));
    private readonly List<string> _lines = [];

    [Fact]
    public void An_event_is_one_line_with_time_level_and_place()
    {
        Log(LogLevel.Information, "ModelRunner.Daemon.Runners.RunnerPool", LogLevel.Warning, "the runner ended");

        Assert.Equal(["2026-11-25T07:13:12.345Z WARN Runners.RunnerPool: the runner ended"], _lines);
    }

    [Fact]
    public void A_message_cannot_begin_a_new_line_or_control_a_terminal()
    {
        Log(LogLevel.Information, "ModelRunner.X", LogLevel.Information, "a\nb\r\u001b[31mc\u202e\u2028\u0085d\ud800 ok: ó 🦦");

        Assert.Equal(
            "2026-11-25T07:13:12.345Z INFO ModelRunner.X: a\\nb\\r\\x1b[31mc\\u202e\\u2028\\x85d\\ud800 ok: ó 🦦", Assert.Single(_lines));
    }

    [Fact]
    public void An_exception_stands_on_the_line_and_its_stack_only_when_debugging()
    {
        Exception failure = Thrown(new InvalidOperationException("outer", new IOException("inner\nline")));
        Log(LogLevel.Information, "ModelRunner.X", LogLevel.Error, "failed", failure);
        Log(LogLevel.Debug, "ModelRunner.X", LogLevel.Error, "failed", failure);

        Assert.EndsWith("ERROR ModelRunner.X: failed | InvalidOperationException: outer | IOException: inner\\nline", _lines[0], StringComparison.Ordinal);
        Assert.Contains(nameof(Thrown), _lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LogLevel.Information, "ModelRunner.X", LogLevel.Debug, false)]
    [InlineData(LogLevel.Information, "ModelRunner.X", LogLevel.Information, true)]
    [InlineData(LogLevel.Information, "Microsoft.AspNetCore", LogLevel.Information, false)]
    [InlineData(LogLevel.Information, "Microsoft.AspNetCore", LogLevel.Warning, true)]
    [InlineData(LogLevel.Debug, "ModelRunner.X", LogLevel.Debug, true)]
    [InlineData(LogLevel.Debug, "Microsoft.AspNetCore", LogLevel.Information, false)]
    [InlineData(LogLevel.Debug, "Microsoft.AspNetCore", LogLevel.Warning, true)]
    [InlineData(LogLevel.Trace, "Microsoft.AspNetCore", LogLevel.Debug, true)]
    [InlineData(LogLevel.Error, "Microsoft.AspNetCore", LogLevel.Warning, false)]
    public void Messages_of_the_framework_need_a_higher_level(LogLevel minimum, string category, LogLevel level, bool isShown)
    {
        Log(minimum, category, level, "x");
        Assert.Equal(isShown, _lines.Count == 1);
    }

    [Fact]
    public void A_line_has_a_maximum_length()
    {
        Log(LogLevel.Information, "ModelRunner.X", LogLevel.Information, new string('x', 100_000));
        Assert.InRange(Assert.Single(_lines).Length, LogLine.MaxLength, LogLine.MaxLength + 1);
    }

    private void Log(LogLevel minimum, string category, LogLevel level, string message, Exception? failure = null)
    {
        using var provider = new LineLoggerProvider(minimum, _time, [new ListSink(_lines)]);
        provider.CreateLogger(category).Log(level, new EventId(1), message, failure, static (state, _) => state);
    }

    private static InvalidOperationException Thrown(InvalidOperationException failure)
    {
        try
        {
            throw failure;
        }
        catch (InvalidOperationException caught)
        {
            return caught;
        }
    }

    private sealed class ListSink(List<string> lines) : ILogSink
    {
        public void Write(string line) => lines.Add(line);

        public void Dispose()
        {
        }
    }
}

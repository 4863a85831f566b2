using System.Diagnostics;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class InheritedMarkTests
{
    private static readonly DaemonIdentity Daemon = new(4026531836, 12345, 678901);

    [Fact]
    public void Marks_name_daemon_and_runner()
    {
        ulong first = InheritedMark.Of($"{ProcessMark.TreeVariable}={Daemon}-1")!.Value;
        ulong second = InheritedMark.Of($"{ProcessMark.TreeVariable}={Daemon}-2")!.Value;
        ulong other = InheritedMark.Of($"{ProcessMark.TreeVariable}={Daemon with { ProcessId = 12346 }}-1")!.Value;

        Assert.NotEqual(first, second);
        Assert.Equal(InheritedMark.OwnerOf(Daemon), InheritedMark.OwnerOf(first));
        Assert.Equal(InheritedMark.OwnerOf(first), InheritedMark.OwnerOf(second));
        Assert.NotEqual(InheritedMark.OwnerOf(first), InheritedMark.OwnerOf(other));
        Assert.All([first, second, other], static mark => Assert.Equal(1UL, mark >> 61));
    }

    [Fact]
    public void Daemons_that_follow_each_other_have_different_marks() => Assert.Equal(
        10_000, Enumerable.Range(0, 10_000).Select(static number => InheritedMark.OwnerOf(Daemon with { ProcessId = number, StartTime = number / 7 })).Distinct().Count());

    [Theory]
    [InlineData("")]
    [InlineData("M=")]
    [InlineData("M=1-2-3")]
    [InlineData("M=1-2-3-x")]
    [InlineData("M=1-2-3--1")]
    public void Other_text_is_no_mark(string variable) => Assert.Null(InheritedMark.Of(variable));

    /// <summary>A limit that somebody has set for other reasons is no mark, and a hard limit that is too low is left alone.</summary>
    [Fact]
    public async Task Limits_of_others_are_no_marks()
    {
        using Process process = Process.Start("/bin/bash", ["-c", "ulimit -x 100; exec sleep 600"])!;
        try
        {
            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(HasLimit(process.Id)), DaemonFixture.Patience);

            Assert.Null(InheritedMark.Find(process.Id));
            InheritedMark.Set(process.Id, InheritedMark.Of($"M={Daemon}-1")!.Value);
            Assert.Null(InheritedMark.Find(process.Id));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static bool HasLimit(int process) =>
        File.ReadLines($"/proc/{process}/limits").Any(static line => line.StartsWith("Max file locks            100 ", StringComparison.Ordinal));
}

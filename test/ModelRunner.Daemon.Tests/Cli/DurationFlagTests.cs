namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>A number without a unit is no duration on a command line.</summary>
public sealed class DurationFlagTests
{
    [Theory]
    [InlineData("prune --unused-for 3", "--unused-for: \"3\" has no unit; write 3s, 3m, 3h or 3d")]
    [InlineData("prune --unused-for 1.5", "--unused-for: \"1.5\" has no unit; write 1.5s, 1.5m, 1.5h or 1.5d")]
    [InlineData("prune --unused-for -3d", "--unused-for: \"-3d\" is not a duration of at most 3650 days, such as 30d or 12h")]
    [InlineData("usage --since 7", "--since: \"7\" has no unit; write 7s, 7m, 7h or 7d")]
    [InlineData("preload otter --keep-alive 10", "--keep-alive: \"10\" has no unit; write 10s, 10m, 10h or 10d")]
    [InlineData("configure otter --keep-alive 10", "--keep-alive: \"10\" has no unit; write 10s, 10m, 10h or 10d")]
    [InlineData("configure otter --keep-alive 400", "--keep-alive: \"400\" has no unit; write 400s, 400m or 400h")]
    [InlineData("configure otter --keep-alive 90000", "--keep-alive: \"90000\" has no unit; write 90000s or 90000m")]
    [InlineData("configure otter --keep-alive soon", "--keep-alive: \"soon\" is not a time such as 10m (at most 8760h), 0 to stop the model after each response, or -1 for no limit")]
    public async Task A_number_without_a_unit_is_refused_before_a_request_is_sent(string command, string sentence)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();

        (int exitCode, string output, string error) = await daemon.RunAsync(command.Split(' '));

        Assert.Equal((2, "", $"model-runner: {sentence}\n"), (exitCode, output, error));
        Assert.Empty(daemon.Requests);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1h30m")]
    public async Task Zero_minus_one_and_units_are_sent(string time)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/tokenize", "");

        Assert.Equal((0, "Loaded otter.\n", ""), await daemon.RunAsync(["preload", "otter", $"--keep-alive={time}"]));

        Assert.Contains(daemon.Requests, request => request.Body.Contains($"\"keep_alive\":\"{time}\"", StringComparison.Ordinal));
    }
}

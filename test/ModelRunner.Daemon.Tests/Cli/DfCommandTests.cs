namespace ModelRunner.Daemon.Tests.Cli;

public sealed class DfCommandTests
{
    [Fact]
    public async Task The_sizes_are_a_table_or_the_json_of_the_daemon()
    {
        const string Usage = """{"models_disk_usage":5368709120,"default_backend_disk_usage":2500000,"state_disk_usage":40960,"logs_disk_usage":0,"incomplete":true}""";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/df", Usage);

        (int exitCode, string output, string error) = await daemon.RunAsync(["df"]);

        Assert.Equal((0, "model-runner: warning: not all files could be counted, because there are too many, they may not be read, or the disk is slow\n"), (exitCode, error));
        Assert.Matches("^TYPE +SIZE\nModels +5.37 GB\nInference engine +2.50 MB\nState +40.96 kB\nLogs +0 B\n$", output);
        Assert.Equal(Usage + "\n", (await daemon.RunAsync(["df", "--json"])).Out);
    }
}

using ModelRunner.Cli;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class ServeCommandTests
{
    [Fact]
    public async Task Flags_are_passed_on_as_written()
    {
        DaemonOptions options = await ServeAsync("--port", "8080", "--demo", "--keep-alive", "-1", "--llama-args", "--threads 2", "--bind=::1");

        Assert.Equal(
            ["--bind=::1", "--demo=true", "--keep-alive=-1", "--llama-args=--threads 2", "--port=8080"],
            options.Flags.Select(static flag => $"{flag.Key}={flag.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_switch_can_be_turned_off()
    {
        DaemonOptions options = await ServeAsync("--disable-metrics", "false");
        Assert.Equal("false", options.Flags["--disable-metrics"]);
    }

    [Fact]
    public async Task A_switch_accepts_the_words_of_variables()
    {
        DaemonOptions options = await ServeAsync("--insecure=0", "--demo=yes", "--disable-metrics", "off");

        Assert.Equal(
            ["--demo=yes", "--disable-metrics=off", "--insecure=0"],
            options.Flags.Select(static flag => $"{flag.Key}={flag.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_flag_that_is_not_set_is_absent() => Assert.Empty((await ServeAsync()).Flags);

    [Fact]
    public async Task The_help_names_every_option_variable_and_default()
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();

        (int exitCode, string output, _) = await daemon.RunAsync(["serve", "--help"]);

        Assert.Equal(0, exitCode);
        string text = string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.All(ConfigurationCatalog.All, option =>
        {
            Assert.Contains(option.Flag ?? option.Name, text, StringComparison.Ordinal);
            Assert.Contains(option.Description, text, StringComparison.Ordinal);
            Assert.Contains($"default: {option.Default}]", text, StringComparison.Ordinal);
            if (option.Variable is not null)
                Assert.Contains($"[variable: {option.Variable}, ", text, StringComparison.Ordinal);
        });
    }

    private static async Task<DaemonOptions> ServeAsync(params string[] flags)
    {
        DaemonOptions? seen = null;
        var console = new CliConsole(Stream.Null, TextWriter.Null, TextReader.Null, IsTerminal: false);
        var daemonOptions = new DaemonOptions { WorkingDirectory = "/", BaseDirectory = "/" };
        int exitCode = await CommandLine.RunAsync(
            ["serve", .. flags],
            (options, _) =>
            {
                seen = options;
                return Task.FromResult(5);
            },
            console,
            daemonOptions);
        Assert.Equal(5, exitCode);
        return seen!;
    }
}

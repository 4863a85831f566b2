using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>A daemon that accepts connections and does not respond, as a suspended process does.</summary>
public sealed class ResponseTimeoutTests
{
    [Theory]
    [InlineData("ps", "/engines/ps", 10)]
    [InlineData("ls", "/models", 10)]
    [InlineData("status", "/version", 10)]
    [InlineData("metrics", "/metrics", 15)]
    [InlineData("unload --all", "/health", 10)]
    [InlineData("run otter hello", "/health", 10)]
    [InlineData("run otter hello --json", "/health", 10)]
    public async Task A_daemon_that_does_not_respond_is_reported_in_one_line(string command, string path, int seconds)
    {
        var time = new FakeTimeProvider();
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(path, async context =>
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        (int exitCode, string output, string error) = await daemon.RunAsync(command.Split(' '), time: time)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal((3, ""), (exitCode, output));
        Assert.Equal(
            $"model-runner: the daemon at unix:{daemon.SocketPath} accepted the connection but did not respond within {seconds} s\n", error);
    }

    [Theory]
    [InlineData("ps", "/engines/ps")]
    [InlineData("ls", "/models")]
    [InlineData("status", "/version")]
    [InlineData("unload --all", "/engines/unload")]
    public async Task A_daemon_that_stops_in_the_middle_of_its_response_is_reported_in_one_line(string command, string path)
    {
        var time = new FakeTimeProvider();
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(path, async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        Task<(int ExitCode, string Output, string Error)> run = daemon.RunAsync(command.Split(' '), time: time);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!run.IsCompleted && await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken))
            time.Advance(TimeSpan.FromSeconds(1));
        (int exitCode, string output, string error) = await run;

        Assert.Equal((3, ""), (exitCode, output));

        // On a busy machine the clock may be ahead of the headers.
        Assert.Matches(
            "^model-runner: the daemon at unix:[^ ]+ (began its response and then sent nothing for|accepted the connection but did not respond within) 10 s\n$",
            error);
    }

    [Theory]
    [InlineData("unload --all", "/engines/unload", """{"unloaded_runners":0}""")]
    [InlineData("run otter hello --json", "/v1/chat/completions", "{}")]
    public async Task A_daemon_that_responds_has_no_time_limit(string command, string path, string answer)
    {
        var time = new FakeTimeProvider();
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(path, async context =>
        {
            time.Advance(TimeSpan.FromHours(1));
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer);
        });

        (int exitCode, _, string error) = await daemon.RunAsync(command.Split(' '), time: time);

        Assert.Equal((0, ""), (exitCode, error));
    }
}

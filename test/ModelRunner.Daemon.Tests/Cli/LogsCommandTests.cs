using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class LogsCommandTests
{
    [Theory]
    [InlineData(true, 1, "model-runner: the daemon has ended the output\n")]
    [InlineData(false, 0, "")]
    public async Task Only_the_end_of_an_output_that_is_followed_is_a_failure(bool follows, int expected, string message)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream("/logs", static context =>
        {
            context.Response.ContentType = "text/plain";
            return context.Response.WriteAsync("a line\n");
        });

        (int exitCode, string output, string error) = await daemon.RunAsync(follows ? ["logs", "-f"] : ["logs"]);

        Assert.Equal((expected, "a line\n", message), (exitCode, output, error));
    }
}

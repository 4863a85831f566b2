using System.Text;
using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class RunCommandTests
{
    private const string Path = "/v1/chat/completions";

    [Fact]
    public async Task The_response_is_shown_as_it_arrives()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        await using var output = new SignallingStream();
        daemon.OnStream(Path, async context =>
        {
            await context.Response.WriteAsync(Chunk("Hel"));
            await context.Response.Body.FlushAsync();

            // The second piece is sent only after the first one was shown.
            await output.WaitForAsync("Hel");
            await context.Response.WriteAsync(": a comment\n\n" + Chunk("lo") + "data: [DONE]\n\n");
        });

        (int exitCode, _, string error) = await daemon.RunAsync(["run", "otter", "say", "hello"], output: output);

        Assert.Equal((0, "", "Hello\n"), (exitCode, error, output.Text));
        Assert.True(daemon.Requests.TryDequeue(out var request));
        Assert.Equal("""{"model":"otter","stream":true,"messages":[{"role":"user","content":"say hello"}]}""", request.Body);
    }

    [Theory]
    [InlineData("run", "otter")]
    [InlineData("run", "otter", "-")]
    public async Task The_prompt_can_come_from_a_pipe(params string[] arguments)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream(Path, Chunk("ok\n") + "data: [DONE]\n\n");

        (int exitCode, string output, _) = await daemon.RunAsync(arguments, input: "line 1\nline 2\n");

        Assert.Equal((0, "ok\n"), (exitCode, output));
        Assert.True(daemon.Requests.TryDequeue(out var request));
        Assert.Contains("""[{"role":"user","content":"line 1\nline 2"}]""", request.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_become_members_of_the_request()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(Path, """{"choices":[]}""");

        (int exitCode, string output, _) = await daemon.RunAsync(
            ["run", "otter", "hi", "--json", "--system", "be brief", "--max-tokens", "7", "--temperature", "0"]);

        Assert.Equal((0, "{\"choices\":[]}\n"), (exitCode, output));
        Assert.True(daemon.Requests.TryDequeue(out var request));
        Assert.Equal(
            """{"model":"otter","stream":false,"max_tokens":7,"temperature":0,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]}""",
            request.Body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CLI_04_an_unknown_model_is_reported_on_standard_error(bool isJson)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(
            Path, """{"error":{"message":"there is no model \"x:latest\"","type":"invalid_request_error"}}""", 404);

        Assert.Equal(
            (1, "", "model-runner: there is no model \"x:latest\"\n"), await daemon.RunAsync(isJson ? ["run", "x", "hi", "--json"] : ["run", "x", "hi"]));
    }

    [Fact]
    public async Task An_error_within_a_response_is_reported_after_the_received_part()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream(
            Path, Chunk("Hel") + "data: {\"error\":{\"message\":\"the runner\\nwas killed\"}}\n\n");

        Assert.Equal((1, "Hel\n", "model-runner: the runner\\nwas killed\n"), await daemon.RunAsync(["run", "otter", "hi"]));
    }

    [Fact]
    public async Task A_response_that_ends_too_early_is_a_failure()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream(Path, Chunk("Hel"));
        Assert.Equal((1, "Hel\n", "model-runner: the response is incomplete\n"), await daemon.RunAsync(["run", "otter", "hi"]));

        await using var output = new SignallingStream();
        daemon.OnStream(Path, async context =>
        {
            await context.Response.WriteAsync(Chunk("Hel"));
            await context.Response.Body.FlushAsync();
            await output.WaitForAsync("Hel");
            context.Abort();
        });
        Assert.Equal((1, "", "model-runner: the response is incomplete\n"), await daemon.RunAsync(["run", "otter", "hi"], output: output));
        Assert.Equal("Hel\n", output.Text);
    }

    [Fact]
    public async Task A_model_cannot_control_the_terminal()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream(Path, Chunk("a\\u001b[31mb\\u0007\\tc") + "data: [DONE]\n\n");
        Assert.Equal((0, "a[31mb\tc\n", ""), await daemon.RunAsync(["run", "otter", "hi"]));
    }

    private static string Chunk(string text) =>
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text.Replace("\n", "\\n", StringComparison.Ordinal) + "\"}}]}\n\n";

    private sealed class SignallingStream : MemoryStream
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Text => Encoding.UTF8.GetString(ToArray());

        public Task WaitForAsync(string text) => _written.Task.ContinueWith(
            _ => Assert.StartsWith(text, Text, StringComparison.Ordinal), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        // A memory stream that is derived from writes spans through here too.
        public override void Write(byte[] buffer, int offset, int count)
        {
            base.Write(buffer, offset, count);
            _written.TrySetResult();
        }
    }
}

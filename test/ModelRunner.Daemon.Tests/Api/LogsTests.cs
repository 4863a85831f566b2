using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The output of the engines, as the real daemon shows it.</summary>
public sealed class LogsTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":1}""";
    private const string Prefix = "tiny-chat:latest (completion): ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_output_of_a_healthy_engine_is_shown_as_text_as_json_and_by_the_command()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"stderr_text": "hello from the engine\\n"}"""));
        Assert.Equal("", await GetAsync(daemon, "logs"));
        await daemon.PostAsync("v1/chat/completions", Chat);

        string text = await GetAsync(daemon, "logs");
        Assert.Contains($"{Prefix}hello from the engine\n", text, StringComparison.Ordinal);
        Assert.Equal(text, await GetAsync(daemon, "logs?model=tiny-chat"));
        string[] lines = (await GetAsync(daemon, "logs?format=json")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, static line => JsonElement.Parse(line).GetProperty("line").GetString() == "hello from the engine");
        Assert.Contains("hello from the engine", (await daemon.RunClientAsync("/", "logs", "tiny-chat", "--host", $"unix:{daemon.SocketPath}")).Out, StringComparison.Ordinal);

        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Contains("hello from the engine", await GetAsync(daemon, "logs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_follows_sees_runners_that_start_later_and_does_not_delay_the_end()
    {
        DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"stderr_text": "hello from the engine\\n"}"""));
        using HttpResponseMessage response = await daemon.Client.GetAsync(
            new Uri("logs?follow=true", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        using var reader = new StreamReader(body);
        for (int start = 0; start < 2; start++)
        {
            await daemon.PostAsync("v1/chat/completions", Chat);
            string? line;
            while ((line = await reader.ReadLineAsync(Cancellation)) != $"{Prefix}hello from the engine")
            {
                Assert.NotNull(line);
                Assert.StartsWith(Prefix, line, StringComparison.Ordinal);
            }

            await daemon.PostAsync("engines/unload", """{"all":true}""");
        }

        // The fixture requires that the daemon ends in time and well.
        await daemon.DisposeAsync();
        await reader.ReadToEndAsync(Cancellation);
    }

    [Theory]
    [InlineData("logs?follow=perhaps", 400, "is no value of follow; write follow=true or follow=false")]
    [InlineData("logs?format=xml", 400, "is no format of logs")]
    [InlineData("logs?no-engines=true", 400, "logs of the engines")]
    [InlineData("logs?folow=true", 400, "has the query parameter \\\"folow\\\", which is not known; did you mean \\\"follow\\\"?")]
    [InlineData("logs?model=", 200, "")]
    [InlineData("logs?model=tiny-chat", 404, "has been started; follow=true waits for one")]
    [InlineData("logs?model=tiny-chta", 404, "did you mean \\\"tiny-chat:latest\\\"?")]
    public async Task A_request_that_cannot_be_served_is_told_why(string path, int status, string part)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(part, await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static async Task<string> GetAsync(DaemonFixture daemon, string path)
    {
        using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }
}

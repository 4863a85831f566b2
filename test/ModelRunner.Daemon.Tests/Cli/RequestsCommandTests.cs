using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class RequestsCommandTests
{
    private const string First = """
        {"id":"1","model":"otter:7b","method":"POST","url":"/v1/chat/completions","request":"{\"messages\":[{\"content\":\"old\"},{\"content\":[{\"type\":\"text\",\"text\":\"What is\\nit?\"},{\"type\":\"image_url\"}]}]}","response":"{\"choices\":[{\"message\":{\"content\":\"An otter.\"}}]}","timestamp":1767323045,"status_code":200,"duration_ms":1234}
        """;

    private const string Second = """
        {"id":"2","model":"seal:1b","method":"POST","url":"/v1/embeddings","request":"{\"input\":[\"a\",\"b\"]}","error":"{\"error\":{\"message\":\"no room\"}}","timestamp":1767323044,"status_code":503,"duration_ms":2}
        """;

    [Fact]
    public async Task Requests_of_all_models_are_one_table_in_the_order_of_their_times()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(
            "/engines/requests", $$"""[{"model":"otter:7b","config":{},"records":[{{First}}],"count":1},{"model":"seal:1b","config":{},"records":[{{Second}}],"count":1}]""");

        (int exitCode, string output, string error) = await daemon.RunAsync(["requests"]);

        Assert.Equal((0, ""), (exitCode, error));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^TIME +MODEL +ROUTE +STATUS +TOOK +REQUEST +RESPONSE$", lines[0]);
        Assert.Matches("^01-0[123] ..:..:04 +seal:1b +/v1/embeddings +503 +0.002 s +a b +no room$", lines[1]);
        Assert.Matches(@"^01-0[123] ..:..:05 +otter:7b +/v1/chat/completions +200 +1.234 s +What is\\nit\? \[image_url\] +An otter\.$", lines[2]);
    }

    [Fact]
    public async Task A_stream_is_shown_as_it_arrives()
    {
        string events = $$"""
            event: connected
            data: {"status":"connected"}

            event: new_request
            data: [{"model":"otter:7b","config":{},"records":[{{First.Trim()}}],"count":1}]

            : no request

            event: error
            data: {"error":"3 requests were left out"}


            """;
        var queries = new List<string>();
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream("/engines/requests", context =>
        {
            queries.Add(context.Request.Headers.Accept + context.Request.QueryString.Value);
            return context.Response.WriteAsync(events);
        });

        (int exitCode, string output, string error) = await daemon.RunAsync(["requests", "-f", "a/b", "--include-existing"]);
        string json = (await daemon.RunAsync(["requests", "-f", "--json"])).Out;

        Assert.Equal(1, exitCode);
        Assert.Equal(
            "model-runner: 3 requests were left out\nmodel-runner: the daemon has ended the output: it ends, or it does not record requests any more\n", error);
        Assert.Matches(@"^01-0[123] ..:..:05  otter:7b  /v1/chat/completions  200  1.234 s\n  > What is\\nit\? \[image_url\]\n  < An otter\.\n$", output);
        Assert.Equal(First.Trim() + "\n", json);
        Assert.Equal(
            ["text/event-stream?include_existing=true&model=a%2Fb", "text/event-stream?include_existing=false"], queries);
    }

    [Fact]
    public async Task Nothing_recorded_is_said_and_a_daemon_that_does_not_record_too()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/requests", "[]");
        Assert.Equal("No request was recorded yet.\n", (await daemon.RunAsync(["requests"])).Out);
        Assert.Equal("No request for a was recorded yet.\n", (await daemon.RunAsync(["requests", "a"])).Out);
        Assert.Equal(2, (await daemon.RunAsync(["requests", "--include-existing"])).ExitCode);

        daemon.On("/engines/requests", """{"error":{"message":"requests are not recorded","type":"invalid_request_error","param":null,"code":"requests_not_recorded"}}""", 404);
        Assert.Equal((1, "", "model-runner: requests are not recorded\n"), await daemon.RunAsync(["requests"]));
    }
}

using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class WhyCommandTests
{
    private const string Two = """
        {"decisions":[
         {"time":"2026-01-02T03:04:06.000Z","decision":"refuse","backend":"llama.cpp","model":"otter:latest","mode":"completion","reason":"queue_full","text":"too many wait","count":7},
         {"time":"2026-01-02T03:04:05.000Z","decision":"start","backend":"llama.cpp","model":"otter:latest","mode":"completion","text":"a request waits for it","count":1}]}
        """;

    [Fact]
    public async Task The_oldest_decision_is_in_the_first_row()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/decisions", Two);

        (int exitCode, string output, _) = await daemon.RunAsync(["why"]);

        Assert.Equal(0, exitCode);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^TIME +MODEL +DECISION +BECAUSE$", lines[0]);
        Assert.Matches("^01-0[123] [0-9]{2}:[0-9]{2}:05 +otter:latest +start +a request waits for it$", lines[1]);
        Assert.Matches("^01-0[123] [0-9]{2}:[0-9]{2}:06 +otter:latest +refuse \\(7 times\\) +too many wait$", lines[2]);
    }

    [Fact]
    public async Task A_model_is_passed_on_and_json_is_printed_as_it_came()
    {
        var queries = new List<string>();
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/decisions", context =>
        {
            queries.Add(context.Request.QueryString.Value!);
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"decisions":[]}""");
        });

        Assert.Equal("{\"decisions\":[]}\n", (await daemon.RunAsync(["why", "a/b:c", "--json"])).Out);
        Assert.Equal(
            "Nothing was decided about a/b:c since the daemon started, or it is too long ago.\n", (await daemon.RunAsync(["why", "a/b:c"])).Out);
        Assert.Equal(["?model=a%2Fb%3Ac", "?model=a%2Fb%3Ac"], queries);
    }
}

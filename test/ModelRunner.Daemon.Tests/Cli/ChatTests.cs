using Microsoft.AspNetCore.Http;
using static ModelRunner.Daemon.Tests.Cli.ChatAnswers;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The chat on a terminal.</summary>
public sealed class ChatTests
{
    [Fact]
    public async Task A_conversation_has_a_history_and_ends_with_bye()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter", "--system", "be brief"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("Capital of Norway?\n");
        await terminal.WaitForAsync(Prompt, times: 2);
        terminal.Type("/help\n\nAnd \"Sweden\"?\n");
        await terminal.WaitForAsync("Oslo.", times: 2);
        terminal.Type("/clear\n");
        await terminal.WaitForAsync("deleted");
        terminal.Type("Hi\n");
        await terminal.WaitForAsync("Oslo.", times: 3);
        terminal.Type("/bye\n");

        Assert.Equal(0, await terminal.WaitForEndAsync());
        string[] bodies = [.. daemon.Requests.Where(static request => request.Path == Chat).Select(static request => request.Body)];
        Assert.Equal(
        [
            Body("""{"role":"user","content":"Capital of Norway?"}"""),
            Body("""{"role":"user","content":"Capital of Norway?"},{"role":"assistant","content":"Oslo."},{"role":"user","content":"And \u0022Sweden\u0022?"}"""),
            Body("""{"role":"user","content":"Hi"}"""),
        ], bodies);
        Assert.DoesNotContain('\u001b', terminal.Screen.Replace(PasteOn, "", StringComparison.Ordinal).Replace(PasteOff, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_command_is_no_prompt_and_a_path_is_one()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("/foo bar\n");
        await terminal.WaitForAsync("There is no command /foo. /help shows the commands.");
        terminal.Type("/clear now\n");
        await terminal.WaitForAsync("/clear takes no text.");
        terminal.Type("/etc/hosts is what?\n");
        await terminal.WaitForAsync("Oslo.");
        terminal.Type("/bye\n");

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Equal(
            [Request("""{"role":"user","content":"/etc/hosts is what?"}""")],
            daemon.Requests.Where(static request => request.Path == Chat).Select(static request => request.Body));
    }

    [Theory]
    [InlineData("/clear\rsecond line", """{"role":"user","content":"/clear\nsecond line"}""")]
    [InlineData("/foo\rsecond line", """{"role":"user","content":"/foo\nsecond line"}""")]
    [InlineData("/bye\r", null)]
    public async Task Several_pasted_lines_are_never_a_command(string pasted, string? expected)
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type($"\u001b[200~{pasted}\u001b[201~\r");
        if (expected is not null)
        {
            await terminal.WaitForAsync("Oslo.");
            terminal.Type(EndOfInput);
        }

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Equal(
            expected is null ? [] : [Request(expected)],
            daemon.Requests.Where(static request => request.Path == Chat).Select(static request => request.Body));
    }

    [Theory]
    [InlineData("xterm", "The arrow keys edit and bring earlier prompts back. Pasted lines are one prompt.")]
    [InlineData("dumb", "Each line is one prompt.")]
    public async Task The_greeting_names_the_keys_that_work_and_is_broken_at_words(string kind, string last)
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.StartShell(daemon, "stty cols 30 rows 24; exec \"$@\"", ["run", "otter"], NoColor, ("TERM", kind));

        await terminal.WaitForAsync(Prompt);
        terminal.Type(EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
        string[] rows = terminal.Screen[..terminal.Screen.LastIndexOf(Prompt, StringComparison.Ordinal)].Replace(PasteOn, "", StringComparison.Ordinal).Split("\r\n");
        Assert.All(rows, static row => Assert.InRange(row.Length, 0, 30));
        Assert.Equal(
            "Chat with otter. /bye or Ctrl-D ends the chat, Ctrl-C stops a response, /clear deletes the conversation, /help shows this. " + last,
            string.Join(' ', rows).Trim());
    }

    [Fact]
    public async Task The_arrow_keys_bring_a_prompt_back()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("Capital of Norwy?\n");
        await terminal.WaitForAsync(Prompt, times: 2);
        terminal.Type("\u001b[A\u001b[D\u001b[Da\n");
        await terminal.WaitForAsync("Oslo.", times: 2);
        terminal.Type("/bye\n");

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Contains(daemon.Requests, static request => request.Body.EndsWith(
            """{"role":"assistant","content":"Oslo."},{"role":"user","content":"Capital of Norway?"}]}""", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_that_cannot_chat_is_refused_before_the_first_prompt()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.On("/v1/models/otter", """{"id":"otter:latest","dmr":{"modes":["embedding"]}}""");
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        Assert.Equal(1, await terminal.WaitForEndAsync());
        Assert.Contains("model \"otter:latest\" cannot chat: it is for embedding; send requests to /v1/embeddings", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_has_colours_and_the_end_of_input_ends_the_chat()
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"]);

        await terminal.WaitForAsync("\u001b[32m>\u001b[0m ");
        terminal.Type(EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.DoesNotContain(daemon.Requests, static request => request.Path == Chat);
    }

    [Fact]
    public async Task Control_C_stops_a_response_and_the_chat_keeps_the_printed_part()
    {
        var isAsked = false;
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, async context =>
        {
            await context.Response.WriteAsync(isAsked ? Answer("Well.") : Chunk("Once upon"));
            await context.Response.Body.FlushAsync();
            if (!isAsked)
            {
                isAsked = true;
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        });
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("A story\n");
        await terminal.WaitForAsync("Once upon");
        terminal.Type(ControlC);
        await terminal.WaitForAsync(Prompt, times: 2);
        terminal.Type("Go on\n");
        await terminal.WaitForAsync("Well.");
        terminal.Type("/bye\n");

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Contains(daemon.Requests, static request => request.Body == Request(
            """{"role":"user","content":"A story"},{"role":"assistant","content":"Once upon"},{"role":"user","content":"Go on"}"""));
    }

    [Theory]
    [InlineData("run otter", Prompt, "half a line")]
    [InlineData("run otter -", "", "half a line")]
    public async Task Control_C_at_a_prompt_ends_the_program_although_it_waits_for_input(string arguments, string shown, string typed)
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.Start(daemon, arguments.Split(' '), NoColor);
        if (shown.Length > 0)
            await terminal.WaitForAsync(shown);
        terminal.Type(typed);
        await terminal.WaitForAsync(typed);
        await terminal.WaitUntilItHandlesSignalsAsync();

        terminal.Type(ControlC);

        Assert.Equal(130, await terminal.WaitForEndAsync());
    }

    [Fact]
    public async Task A_failure_is_reported_and_the_chat_continues()
    {
        int asked = 0;
        await using FakeDaemon daemon = (await StartAsync()).On(Chat, async context =>
        {
            bool isFirst = Interlocked.Increment(ref asked) == 1;
            context.Response.StatusCode = isFirst ? 503 : 200;
            context.Response.ContentType = isFirst ? "application/json" : "text/event-stream";
            await context.Response.WriteAsync(isFirst ? """{"error":{"message":"no room"}}""" : Answer("fine"));
        });
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("one\n");
        await terminal.WaitForAsync("model-runner: no room");
        terminal.Type("two\n");
        await terminal.WaitForAsync("fine");
        terminal.Type(EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Contains(daemon.Requests, static request => request.Body == Request("""{"role":"user","content":"two"}"""));
    }

    [Fact]
    public async Task A_lost_terminal_is_not_reported_as_a_lost_connection()
    {
        await using FakeDaemon daemon = await StartAsync();
        using var lost = new LostTerminal();

        (int exitCode, _, string error) = await daemon.RunAsync(["run", "otter"], typed: lost);

        Assert.Equal((1, "model-runner: the terminal cannot be read: Input/output error\n"), (exitCode, error));
    }

    [Fact]
    public async Task A_missing_model_is_reported_before_the_first_prompt()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(
            "/v1/models/lab/otter", """{"error":{"message":"there is no model \"lab/otter\""}}""", 404);
        await using Terminal terminal = Terminal.Start(daemon, ["run", "lab/otter"], NoColor);

        Assert.Equal(1, await terminal.WaitForEndAsync());
        Assert.Contains("model-runner: there is no model \"lab/otter\"", terminal.Screen, StringComparison.Ordinal);
        Assert.DoesNotContain(Prompt, terminal.Screen, StringComparison.Ordinal);
    }

    private static string Body(string messages) => Request("""{"role":"system","content":"be brief"},""" + messages);

    private sealed class LostTerminal : TextReader
    {
        public override string? ReadLine() => throw new IOException("Input/output error");
    }
}

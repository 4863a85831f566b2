using Microsoft.AspNetCore.Http;
using ModelRunner.Cli;
using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Cli.ChatAnswers;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The settings of the terminal during a chat, and keys that come when nothing waits for them.</summary>
public sealed class ChatTerminalTests
{
    [Fact]
    public async Task Pasted_lines_are_one_prompt()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("see:\u001b[200~\none\r\ttwo\u001b[201~\r");
        await terminal.WaitForAsync("Oslo.");
        terminal.Type("/bye\r");

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Equal(
            [Request("""{"role":"user","content":"see:\none\n\ttwo"}""")],
            daemon.Requests.Where(static request => request.Path == Chat).Select(static request => request.Body));
        Assert.StartsWith(PasteOn, terminal.Screen, StringComparison.Ordinal);
        Assert.EndsWith(PasteOff, terminal.Screen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xterm")]
    [InlineData("dumb")]
    public async Task What_is_typed_during_a_response_is_not_shown_in_it_and_read_afterwards(string kind)
    {
        var isTyped = new TaskCompletionSource();
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, async context =>
        {
            await context.Response.WriteAsync(Chunk("Once upon"));
            await context.Response.Body.FlushAsync();
            await isTyped.Task.WaitAsync(DaemonFixture.Patience);
            await context.Response.WriteAsync(Answer(" a time"));
        });
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor, ("TERM", kind));

        await terminal.WaitForAsync(Prompt);
        terminal.Type("A story\n");
        await terminal.WaitForAsync("Once upon");
        terminal.Type("Go on\n" + EndOfInput);
        isTyped.SetResult();

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Equal(3, terminal.Screen.Split("Once upon a time").Length);
        Assert.Contains(daemon.Requests, static request => request.Body.EndsWith(
            """{"role":"assistant","content":"Once upon a time"},{"role":"user","content":"Go on"}]}""", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Control_C_stops_a_response_and_keeps_what_was_typed_before_it()
    {
        await using FakeDaemon daemon = await StartWithEndlessResponseAsync();
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("A story\n");
        await terminal.WaitForAsync("Once upon");
        terminal.Type("Go on\n" + ControlC);
        await terminal.WaitForAsync("Well.");
        terminal.Type(EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
    }

    [Theory]
    [InlineData(600, 1)]
    [InlineData(1, 1_100_000)]
    [InlineData(1, 2_300_000)]
    public async Task Control_C_stops_a_response_however_much_was_typed_before_it(int pieces, int length)
    {
        await using FakeDaemon daemon = await StartWithEndlessResponseAsync();
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("A story\n");
        await terminal.WaitForAsync("Once upon");

        // Each key is a read of its own, and the last piece is larger than the kernel's buffer.
        for (int piece = 0; piece < pieces; piece++)
            await terminal.TypeAndWaitAsync(length == 1 ? "a" : "\u001b[200~" + new string('a', length) + "\u001b[201~");
        await terminal.TypeAndWaitAsync("\u001b[200~" + new string('b', 6000) + "\u001b[201~" + ControlC);
        await terminal.WaitForAsync(Prompt, times: 2);
        if (length > KeyQueue.MaxCharacters)
            await terminal.WaitForAsync("were waiting.");
        terminal.Type("\u0015Go on\n");
        await terminal.WaitForAsync("Well.");
        terminal.Type(EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.Contains(daemon.Requests, static request => request.Body.EndsWith(
            """{"role":"assistant","content":"Once upon"},{"role":"user","content":"Go on"}]}""", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/bye\n", 0, "")]
    [InlineData("half" + ControlC, 130, "")]
    [InlineData("half", 143, "-TERM")]
    [InlineData("half", 129, "-HUP")]
    [InlineData("half", 131, "-QUIT")]
    [InlineData("half", 138, "-USR1")]
    [InlineData("half", 140, "-USR2")]
    [InlineData("half", 142, "-ALRM")]
    public async Task The_terminal_has_its_settings_again_at_every_end(string keys, int expected, string signal)
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.StartShell(
            daemon, "ulimit -c 0; trap : INT; stty -g; sh -c 'echo $$ >pid; exec \"$@\"' sh \"$@\"; echo code $?; stty -g", ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type(keys);
        if (signal.Length > 0)
        {
            await terminal.WaitForAsync(keys);
            string id = await File.ReadAllTextAsync(Path.Join(daemon.FolderPath, "pid"), TestContext.Current.CancellationToken);
            await ChildProgram.RunAsync("kill", [signal, id.Trim()], [], TestContext.Current.CancellationToken);
        }

        await terminal.WaitForEndAsync();
        string[] lines = terminal.Screen.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines[0], lines[^1]);
        Assert.Equal($"code {expected}", lines[^2].Replace(PasteOff, "", StringComparison.Ordinal));
        Assert.Equal(1, terminal.Screen.Split(PasteOff).Length - 1);
    }

    [Fact]
    public async Task A_stopped_chat_gives_the_terminal_back_and_goes_on_with_the_same_line()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.StartShell(
            daemon, "stty -g; set -m; \"$@\"; echo; stty -g; echo now; fg >/dev/null; echo code $?; stty -g", ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("Capital");
        await terminal.WaitForAsync("> Capital");
        terminal.Type(ControlZ);
        await terminal.WaitForAsync("now");
        await terminal.WaitForAsync("> Capital", times: 2);
        terminal.Type(" of Norway?\n");
        await terminal.WaitForAsync("Oslo.");
        terminal.Type("/bye\n");

        await terminal.WaitForEndAsync();
        string[] lines = terminal.Screen.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] settings = [.. lines.Where(static line => line.Count(static character => character == ':') > 20)];
        Assert.Equal(3, settings.Length);
        Assert.Single(settings.Distinct());
        Assert.Contains(lines, static line => line.EndsWith("code 0", StringComparison.Ordinal));
        Assert.Equal((2, 2), (terminal.Screen.Split(PasteOn).Length - 1, terminal.Screen.Split(PasteOff).Length - 1));
        Assert.Contains(daemon.Requests, static request => request.Body == Request("""{"role":"user","content":"Capital of Norway?"}"""));
    }

    [Fact]
    public async Task Control_Z_has_no_effect_where_no_shell_can_continue_the_program()
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("Capital");
        await terminal.WaitForAsync("> Capital");
        terminal.Type(ControlZ);
        await terminal.WaitForAsync("> Capital", times: 2);
        terminal.Type("\u0015" + EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
    }

    [Fact]
    public async Task A_new_size_of_the_terminal_draws_the_line_again()
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("0123456789");
        await terminal.WaitForAsync("0123456789");
        terminal.Resize(10, 24);
        await terminal.WaitForAsync("> 01234567\r\r\n89");
        terminal.Type("\u0015" + EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
    }

    [Fact]
    public async Task A_terminal_that_can_only_print_gets_no_control_sequences()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.Start(daemon, ["run", "otter"], ("TERM", "dumb"));

        await terminal.WaitForAsync(Prompt);
        terminal.Type("Capital of Norway?\n");
        await terminal.WaitForAsync("Oslo.");
        await terminal.WaitForAsync(Prompt, times: 2);
        terminal.Type(EndOfInput);

        Assert.Equal(0, await terminal.WaitForEndAsync());
        Assert.DoesNotContain('\u001b', terminal.Screen);
    }

    // The first response goes on until the client leaves.
    private static async Task<FakeDaemon> StartWithEndlessResponseAsync()
    {
        int asked = 0;
        return (await StartAsync()).OnStream(Chat, async context =>
        {
            bool isFirst = Interlocked.Increment(ref asked) == 1;
            await context.Response.WriteAsync(isFirst ? Chunk("Once upon") : Answer("Well."));
            await context.Response.Body.FlushAsync();
            if (isFirst)
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });
    }
}

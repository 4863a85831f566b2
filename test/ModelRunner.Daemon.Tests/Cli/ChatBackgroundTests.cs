using Microsoft.AspNetCore.Http;
using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Cli.ChatAnswers;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>A chat whose process is in the background of its terminal.</summary>
public sealed class ChatBackgroundTests
{
    private const string UntilStopped = "until grep -q '^State:.T' /proc/$id/status; do sleep 0.02; done";

    [Fact]
    public async Task A_chat_that_starts_in_the_background_is_stopped_until_it_is_brought_to_the_foreground()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.StartShell(
            daemon, $"set -m; \"$@\" & id=$!; {UntilStopped}; echo now; fg >/dev/null; echo code $?", ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("Capital of Norwy?\u001b[D\u001b[Da\n");
        await terminal.WaitForAsync("Oslo.");
        terminal.Type(EndOfInput);

        await terminal.WaitForEndAsync();
        Assert.Contains(daemon.Requests, static request => request.Body == Request("""{"role":"user","content":"Capital of Norway?"}"""));
        Assert.StartsWith($"now\r\n{PasteOn}Chat with otter.\r\n", terminal.Screen, StringComparison.Ordinal);
        Assert.EndsWith($"{PasteOff}code 0\r\n", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_goes_on_in_the_background_and_the_next_prompt_waits_for_the_foreground()
    {
        var isInBackground = new TaskCompletionSource();
        int asked = 0;
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, async context =>
        {
            bool isFirst = Interlocked.Increment(ref asked) == 1;
            await context.Response.WriteAsync(isFirst ? Chunk("Once upon") : Answer("Well."));
            await context.Response.Body.FlushAsync();
            if (!isFirst)
                return;
            await isInBackground.Task.WaitAsync(DaemonFixture.Patience);
            await context.Response.WriteAsync(Answer(" a time"));
        });
        await using Terminal terminal = Terminal.StartShell(
            daemon,
            "set -m; sh -c 'echo $$ >pid; exec \"$@\"' sh \"$@\"; read id <pid; bg >/dev/null; echo shell again; read line; echo got $line; "
                + $"{UntilStopped}; echo now; fg >/dev/null; echo code $?",
            ["run", "otter"], NoColor);

        await terminal.WaitForAsync(Prompt);
        terminal.Type("A story\n");
        await terminal.WaitForAsync("Once upon");
        terminal.Type(ControlZ);
        await terminal.WaitForAsync("shell again");
        terminal.Type("keys of the shell\n");
        await terminal.WaitForAsync("got keys of the shell");
        isInBackground.SetResult();
        await terminal.WaitForAsync(Prompt, times: 2);
        terminal.Type("Go on\n");
        await terminal.WaitForAsync("Well.");
        terminal.Type(EndOfInput);

        await terminal.WaitForEndAsync();
        string before = terminal.Screen[..terminal.Screen.IndexOf("now\r\n", StringComparison.Ordinal)];
        Assert.Contains(" a time", before, StringComparison.Ordinal);
        Assert.Equal(1, before.Split(Prompt).Length - 1);
        Assert.EndsWith("code 0\r\n", terminal.Screen, StringComparison.Ordinal);
        Assert.Contains(daemon.Requests, static request => request.Body.EndsWith(
            """{"role":"assistant","content":"Once upon a time"},{"role":"user","content":"Go on"}]}""", StringComparison.Ordinal));
    }

    /// <summary>A shell that edits lines has the terminal in another mode while it waits for a command.</summary>
    [Fact]
    public async Task A_chat_without_an_editor_has_the_terminal_of_the_foreground_and_not_that_of_its_start()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.StartShell(
            daemon,
            $"set -m; stty -icanon -echo -icrnl; TERM=dumb \"$@\" & id=$!; {UntilStopped}; stty icanon echo icrnl; fg >/dev/null; echo code $?; stty -a",
            ["run", "otter"], NoColor);

        await terminal.WaitForAsync("> ");
        terminal.Type("Capital?\r");
        await terminal.WaitForAsync("Oslo.");
        terminal.Type(EndOfInput);

        await terminal.WaitForEndAsync();
        Assert.Contains("> Capital?\r\n", terminal.Screen, StringComparison.Ordinal);
        Assert.Contains("code 0\r\n", terminal.Screen, StringComparison.Ordinal);
        Assert.DoesNotContain("-icanon", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chat_without_an_editor_shows_its_prompt_again_after_a_stop()
    {
        await using FakeDaemon daemon = (await StartAsync()).OnStream(Chat, Answer("Oslo."));
        await using Terminal terminal = Terminal.StartShell(
            daemon, "set -m; TERM=dumb \"$@\"; echo stopped; fg >/dev/null; echo code $?", ["run", "otter"], NoColor);

        await terminal.WaitForAsync("> ");
        terminal.Type(ControlZ);
        await terminal.WaitForAsync("stopped\r\n> ");
        terminal.Type("Capital?\r");
        await terminal.WaitForAsync("Oslo.");
        terminal.Type(EndOfInput);

        await terminal.WaitForEndAsync();
        Assert.EndsWith("code 0\r\n", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_chat_can_be_ended()
    {
        await using FakeDaemon daemon = await StartAsync();
        await using Terminal terminal = Terminal.StartShell(
            daemon, $"set -m; \"$@\" & id=$!; {UntilStopped}; kill $id; kill -CONT $id; code=149; while [ $code = 149 ]; do wait $id; code=$?; done; echo code $code", ["run", "otter"], NoColor);

        await terminal.WaitForEndAsync();

        Assert.Equal("code 143\r\n", terminal.Screen);
    }

    [Fact]
    public async Task A_chat_that_no_shell_can_continue_is_not_stopped()
    {
        await using FakeDaemon daemon = await StartAsync();

        // The inner shell ends, so the parent of the chat is outside the session.
        await using Terminal terminal = Terminal.StartShell(
            daemon, "exec 3<&0; set -m; sh -c '\"$@\" <&3 & ' sh \"$@\"; read line", ["run", "otter"], NoColor);

        await terminal.WaitForAsync("model-runner: the terminal cannot be read: cannot read standard input: Input/output error");
        terminal.Type("\n");

        await terminal.WaitForEndAsync();
    }
}

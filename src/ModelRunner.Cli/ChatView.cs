using System.Text;
using ModelRunner.Linux.Terminals;
using Spectre.Console;

namespace ModelRunner.Cli;

/// <summary>The texts that a chat shows beside its responses.</summary>
internal sealed class ChatView : IDisposable
{
    /// <summary>Columns of the prompt sign.</summary>
    public const int PromptWidth = 2;

    private readonly StreamWriter _writer;
    private readonly IAnsiConsole _console;

    public ChatView(CliConsole console)
    {
        _writer = new StreamWriter(console.Out, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { AutoFlush = true };
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = console.HasColors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = console.HasColors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new PlainOutput(_writer),
        });
    }

    /// <summary>What a user can type.</summary>
    /// <param name="hasEditor">Whether keys move the cursor, and the terminal marks what is pasted.</param>
    public static string Commands(bool hasEditor) =>
        "/bye or Ctrl-D ends the chat, Ctrl-C stops a response, /clear deletes the conversation, /help shows this. "
        + (hasEditor ? "The arrow keys edit and bring earlier prompts back. Pasted lines are one prompt." : "Each line is one prompt.");

    /// <summary>Shows how the chat is used.</summary>
    public void Greet(string model, bool hasEditor)
    {
        _console.MarkupLineInterpolated($"Chat with [bold]{PlainText.Escape(model)}[/].");
        Note(Commands(hasEditor));
    }

    /// <summary>Shows a note that is not part of a response.</summary>
    public void Note(string sentence) => _console.MarkupLineInterpolated($"[grey]{TextRows.BreakAtWords(sentence, Columns())}[/]");

    /// <summary>The columns of the terminal.</summary>
    public static int Columns() => TerminalSize.OfStandardOutput()?.Columns ?? int.MaxValue;

    /// <summary>The prompt sign.</summary>
    public static string Prompt(CliConsole console) => console.HasColors ? "\u001b[32m>\u001b[0m " : "> ";

    public void Dispose() => _writer.Dispose();
}

using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Reads the lines of a chat: with an editor and a history on a terminal that can move its cursor.</summary>
internal sealed class ChatInput : IDisposable
{
    private readonly CliConsole _console;
    private readonly LineEditor _editor;
    private RawInput? _raw;

    public ChatInput(CliConsole console)
    {
        _console = console;
        _editor = new LineEditor(console.Write, static () => TerminalSize.OfStandardError()?.Columns ?? 80, ChatView.PromptWidth);
    }

    /// <summary>Prepares the terminal, so that what is typed from now on is not shown twice. Called before the prompt is shown.</summary>
    public void Begin() => _raw = _console.IsErrorTerminal ? RawInput.TryBegin() : null;

    /// <summary>Reads a line; null: the input has ended.</summary>
    public string? ReadLine()
    {
        if (_raw is null)
            return _console.In.ReadLine();
        try
        {
            _editor.Begin();
            while (_console.In.Read() is >= 0 and var key)
                if (_editor.Take((char)key, out string? line))
                    return line;
            return null;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Gives the terminal its settings back.</summary>
    public void Dispose() => _raw?.Dispose();
}

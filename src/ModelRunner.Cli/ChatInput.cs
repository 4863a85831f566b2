using System.Runtime.InteropServices;
using System.Text;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>
/// Reads the prompts of a chat: with an editor and a history on a terminal that can move its cursor. What is typed during a response is not echoed
/// and is read afterwards.
/// </summary>
internal sealed class ChatInput : IDisposable
{
    private const int MaxBytes = 4096;

    private readonly KeyQueue _keys = new();
    private readonly CliConsole _console;
    private readonly LineEditor _editor;
    private readonly CancellationToken _ended;
    private HeldTerminal? _terminal;
    private CancellationTokenRegistration _registration;
    private string _rest = "";
    private int _isLost;

    /// <param name="console">The terminal.</param>
    /// <param name="ended">Cancelled when the command ends. The terminal has its settings again before anything else happens.</param>
    public ChatInput(CliConsole console, CancellationToken ended)
    {
        (_console, _ended) = (console, ended);
        var view = new LineView(
            console.Write, static () => TerminalSize.OfStandardOutput() ?? (80, 24), ChatView.Prompt(console), ChatView.PromptWidth);
        _editor = new LineEditor(view);
    }

    /// <summary>Whether there is an editor, and the terminal marks what is pasted.</summary>
    public bool HasEditor => _terminal is not null;

    /// <summary>
    /// Takes the terminal. A chat that a shell started in the background is stopped first, until the user brings it to the foreground. Where no shell
    /// can do that, it reads plain lines.
    /// </summary>
    public void TakeTerminal()
    {
        if (!_console.IsInputTerminal)
            return;
        JobControl.WaitForForeground(_ended);
        if (_ended.IsCancellationRequested || _terminal is not null || !_console.CanEditLines || HeldTerminal.TryHold(isRaw: true, Wake) is not { } terminal)
            return;
        _terminal = terminal;
        _registration = _ended.Register(terminal.Dispose);

        // Reading a terminal cannot be cancelled; the thread ends with the process.
        new Thread(() => ReadTerminal(terminal)) { IsBackground = true, Name = "keys" }.Start();
    }

    /// <summary>Switches the echo off while something else is shown. Null where it is off anyway.</summary>
    public IDisposable? Quiet() => _terminal is null && _console.IsInputTerminal ? HeldTerminal.TryHold(isRaw: false, static _ => { }) : null;

    /// <summary>Shows the prompt sign and reads a prompt; null: the input has ended.</summary>
    /// <exception cref="IOException">The terminal cannot be read.</exception>
    public Task<string?> ReadAsync(CancellationToken cancellation)
    {
        TakeTerminal();
        cancellation.ThrowIfCancellationRequested();
        return HasEditor ? EditAsync(cancellation) : ReadLineAsync(cancellation);
    }

    /// <summary>Gives the terminal its settings back.</summary>
    public void Dispose()
    {
        _registration.Dispose();
        _terminal?.Dispose();
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancellation)
    {
        ShowPrompt();

        // After Ctrl-Z and "fg", the screen ends with lines of the shell.
        using PosixSignalRegistration? continued = _console.IsInputTerminal
            ? PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => ShowPromptAgain())
            : null;
        try
        {
            return await Task.Run(_console.In.ReadLine, CancellationToken.None).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            _console.WriteLine("");
            throw;
        }
    }

    private void ShowPrompt() => _console.Write(ChatView.Prompt(_console));

    private void ShowPromptAgain()
    {
        if (!JobControl.IsForeground())
            return;
        try
        {
            ShowPrompt();
        }
        catch (OutputException)
        {
            // The next output says so.
        }
    }

    private async Task<string?> EditAsync(CancellationToken cancellation)
    {
        Volatile.Write(ref _isLost, 0);
        _editor.Begin();
        try
        {
            string? line;
            while (!Take(out line))
            {
                if (await _keys.TakeAsync(cancellation) is not { } piece)
                    return null;
                _rest = piece;
            }

            return line;
        }
        catch (OperationCanceledException)
        {
            _editor.Leave();
            throw;
        }
    }

    private bool Take(out string? line)
    {
        if (Interlocked.Exchange(ref _isLost, 0) != 0)
            _editor.Redraw(isLost: true);
        if (_keys.DropExcess())
        {
            _editor.Abandon($"What was typed was left out: more than {KeyQueue.MaxCharacters} characters were waiting.");
            _rest = "";
        }

        ReadOnlySpan<char> keys = _rest;
        bool isEnd = _editor.Take(ref keys, out line);
        _rest = keys.ToString();
        return isEnd;
    }

    // An empty piece makes the editor draw again.
    private void Wake(bool isLost)
    {
        if (isLost)
            Volatile.Write(ref _isLost, 1);
        _keys.Wake();
    }

    private void ReadTerminal(HeldTerminal terminal)
    {
        Decoder decoder = Encoding.UTF8.GetDecoder();
        byte[] bytes = new byte[MaxBytes];
        char[] characters = new char[MaxBytes + 1];
        Exception? problem = null;
        try
        {
            var input = StandardStream.OpenInput();
            while (terminal.WaitForKeys() && input.Read(bytes) is > 0 and int read)
            {
                int count = decoder.GetChars(bytes, 0, read, characters, 0);
                _keys.Add(new string(characters, 0, count));
            }
        }
        catch (IOException failure)
        {
            problem = failure;
        }

        _keys.End(problem);
    }
}

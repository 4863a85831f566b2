using System.Text;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>The standard streams of a command.</summary>
/// <param name="Out">Results, and nothing else.</param>
/// <param name="Error">Messages for people.</param>
/// <param name="In">Piped or typed input.</param>
/// <param name="IsTerminal">Whether <paramref name="Out"/> is a terminal.</param>
internal sealed record CliConsole(Stream Out, TextWriter Error, TextReader In, bool IsTerminal)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Whether <see cref="In"/> is a terminal.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Whether <see cref="Error"/> is a terminal that can move its cursor.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Whether lines can be edited: input and output are terminals, and this one can move its cursor.</summary>
    public bool CanEditLines { get; init; }

    /// <summary>Whether colours may be used: on a terminal that has them, unless <c>NO_COLOR</c> is set.</summary>
    public bool HasColors { get; init; }

    private static bool CanMoveCursor => Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>The console of this process.</summary>
    public static CliConsole OfProcess()
    {
        bool isTerminal = !Console.IsOutputRedirected;
        return new CliConsole(
            StandardStream.OpenOutput(),
            new StreamWriter(StandardStream.OpenError(), Utf8) { AutoFlush = true },
            new StreamReader(StandardStream.OpenInput(), Utf8),
            isTerminal)
        {
            IsInputTerminal = !Console.IsInputRedirected,
            CanEditLines = isTerminal && !Console.IsInputRedirected && CanMoveCursor,
            IsErrorTerminal = !Console.IsErrorRedirected && CanMoveCursor,
            HasColors = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                && CanMoveCursor,
        };
    }

    /// <summary>Writes a text at once.</summary>
    /// <exception cref="OutputException">Standard output cannot be written.</exception>
    public void Write(string text)
    {
        Out.Write(Utf8.GetBytes(text));
        Out.Flush();
    }

    /// <summary>Writes a line at once.</summary>
    /// <exception cref="OutputException">Standard output cannot be written.</exception>
    public void WriteLine(string text) => Write(text + "\n");

    /// <summary>Writes a sentence for a person to standard error, on one line whatever it quotes. Never fails.</summary>
    public void WriteError(string sentence)
    {
        try
        {
            Error.Write($"model-runner: {PlainText.Escape(sentence)}\n");
        }
        catch (IOException)
        {
            // Only the exit code remains to report it.
        }
    }
}

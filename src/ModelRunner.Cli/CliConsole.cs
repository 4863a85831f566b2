using System.Text;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Where a command reads from and writes to.</summary>
/// <param name="Out">Results, and nothing else.</param>
/// <param name="Error">Sentences for people.</param>
/// <param name="In">What is piped in, or typed.</param>
/// <param name="IsTerminal">Whether a person sees <paramref name="Out"/> as it is written.</param>
internal sealed record CliConsole(Stream Out, TextWriter Error, TextReader In, bool IsTerminal)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Whether a person types what <see cref="In"/> reads.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Whether colours may be used: on a terminal that has them, for a user who did not set <c>NO_COLOR</c>.</summary>
    public bool HasColors { get; init; }

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
            HasColors = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"),
        };
    }

    /// <summary>Writes a text at once.</summary>
    /// <exception cref="OutputException">Standard output takes nothing more.</exception>
    public void Write(string text)
    {
        Out.Write(Utf8.GetBytes(text));
        Out.Flush();
    }

    /// <summary>Writes a line at once.</summary>
    /// <exception cref="OutputException">Standard output takes nothing more.</exception>
    public void WriteLine(string text) => Write(text + "\n");

    /// <summary>Writes a sentence for a person on standard error, on one line whatever it quotes. Never fails.</summary>
    public void WriteError(string sentence)
    {
        try
        {
            Error.Write($"model-runner: {PlainText.Escape(sentence)}\n");
        }
        catch (IOException)
        {
            // The exit code is all that is left to say it with.
        }
    }
}

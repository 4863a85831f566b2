using System.Text;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Cli;

/// <summary>Where a command reads from and writes to.</summary>
/// <param name="Out">Results, and nothing else.</param>
/// <param name="Error">Sentences for people.</param>
/// <param name="In">What is piped in.</param>
/// <param name="IsTerminal">Whether a person sees <paramref name="Out"/> as it is written.</param>
internal sealed record CliConsole(Stream Out, TextWriter Error, TextReader In, bool IsTerminal)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The console of this process.</summary>
    public static CliConsole OfProcess() => new(
        Console.OpenStandardOutput(),
        new StreamWriter(Console.OpenStandardError(), Utf8) { AutoFlush = true },
        new StreamReader(Console.OpenStandardInput(), Utf8),
        !Console.IsOutputRedirected);

    /// <summary>Writes a text at once.</summary>
    public void Write(string text)
    {
        Out.Write(Utf8.GetBytes(text));
        Out.Flush();
    }

    /// <summary>Writes a line at once.</summary>
    public void WriteLine(string text) => Write(text + "\n");

    /// <summary>Writes a sentence for a person on standard error, on one line whatever it quotes.</summary>
    public void WriteError(string sentence) => Error.Write($"model-runner: {PlainText.Escape(sentence)}\n");
}

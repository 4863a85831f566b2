using System.Text;
using Spectre.Console;

namespace ModelRunner.Cli;

/// <summary>
/// The output of Spectre.Console. Its own class asks .NET for the terminal, which then changes terminal settings and writes control
/// sequences.
/// </summary>
internal sealed class PlainOutput(TextWriter writer) : IAnsiConsoleOutput
{
    public TextWriter Writer => writer;

    public bool IsTerminal => false;

    /// <summary>So wide that nothing is wrapped: other programs read the tables, and a terminal wraps by itself.</summary>
    public int Width => 4096;

    public int Height => 24;

    public void SetEncoding(Encoding encoding)
    {
        // It is UTF-8.
    }
}

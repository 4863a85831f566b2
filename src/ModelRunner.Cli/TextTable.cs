using ModelRunner.Linux.Terminals;
using Spectre.Console;

namespace ModelRunner.Cli;

/// <summary>
/// A table without lines. Only commands that show a table use this type, so that <c>serve</c> does not load the drawing library.
/// </summary>
internal static class TextTable
{
    private static readonly string[] Sizes = ["SIZE", "SHARED"];

    /// <summary>Draws a table. Cells may contain any text.</summary>
    /// <param name="headers">The names of the columns.</param>
    /// <param name="rows">The cells.</param>
    /// <param name="numbers">The names of columns with numbers, which are aligned to the right; null: those with sizes.</param>
    public static string Draw(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, IReadOnlyCollection<string>? numbers = null)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (string header in headers)
        {
            table.AddColumn(new TableColumn(new Text(header))
            {
                NoWrap = true, Padding = new Padding(0, 0, 3, 0),
                Alignment = (numbers ?? Sizes).Contains(header, StringComparer.Ordinal) ? Justify.Right : Justify.Left,
            });
        }

        foreach (IReadOnlyList<string> row in rows)
            table.AddRow(row.Select(static cell => new Text(PlainText.Escape(cell))));

        using var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No,
            Out = new PlainOutput(writer),
        });
        console.Write(table);
        IEnumerable<string> lines = writer.ToString().Split('\n').Select(static line => line.TrimEnd());
        return string.Join('\n', lines).TrimEnd('\n') + "\n";
    }
}

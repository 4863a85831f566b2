using System.Globalization;
using System.Text;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>
/// Draws the progress of a pull on a terminal: a line for the whole model and a bar for each file, again and again in the same place. It leaves the
/// cursor visible and at the beginning of a line, because Ctrl-C may end the program after any write.
/// </summary>
/// <param name="terminal">The terminal.</param>
/// <param name="size">Its size; it may change.</param>
internal sealed class PullBars(TextWriter terminal, Func<(int Columns, int Rows)?> size)
{
    private const int BarWidth = 24;
    private const int MaxBars = 16;
    private const string EndOfLine = "\u001b[K\n";

    private static readonly (int Columns, int Rows) UsualSize = (80, 24);

    private int _drawn;

    /// <summary>Writes a line that stays above the bars.</summary>
    public void Note(string sentence)
    {
        Clear();
        terminal.Write($"{PlainText.Escape(sentence)}\n");
    }

    /// <summary>Draws the bars again.</summary>
    public void Draw(PullProgress progress)
    {
        (int columns, int rows) = size() ?? UsualSize;
        int most = Math.Clamp(rows - 3, 0, MaxBars);

        // Files that are complete make room for those that are not.
        LayerProgress[] shown = [.. progress.Layers.OrderBy(static layer => layer.Current >= layer.Size).Take(most)];
        var lines = new List<string> { progress.Describe() };
        lines.AddRange(progress.Layers.Where(shown.Contains).Select(Bar));
        if (progress.Layers.Count - shown.Length is > 0 and var more)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"  and {more} more files"));

        var text = new StringBuilder(Up());
        foreach (string line in lines)
            text.Append(line.Length < columns ? line : line[..Math.Max(0, columns - 1)]).Append(EndOfLine);
        text.Append("\u001b[J");
        terminal.Write(text.ToString());
        _drawn = lines.Count;
    }

    /// <summary>Removes the bars.</summary>
    public void Clear()
    {
        if (_drawn > 0)
            terminal.Write($"{Up()}\u001b[J");
        _drawn = 0;
    }

    private string Up() => _drawn == 0 ? "\r" : string.Create(CultureInfo.InvariantCulture, $"\r\u001b[{_drawn}A");

    private static string Bar(LayerProgress layer)
    {
        int filled = layer.Size <= 0 ? BarWidth : (int)(BarWidth * Math.Min(1, (double)layer.Current / layer.Size));
        string bar = new string('=', filled) + (filled < BarWidth ? ">" + new string(' ', BarWidth - filled - 1) : "");
        return $"  {layer.Name} [{bar}] {FileSizeText.Format(layer.Current)} of {FileSizeText.Format(layer.Size)}";
    }
}

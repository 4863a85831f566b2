namespace ModelRunner.Daemon.Engines;

/// <summary>Finds the line that names an unhandled exception. The lines of its stack, and lines after it, do not give the cause of an exit.</summary>
internal static class ExceptionLine
{
    private const string DotNet = "Unhandled exception. ";
    private const string Python = "Traceback (most recent call last):";

    /// <summary>The type and the message of the last exception of .NET or Python; null if there is none.</summary>
    /// <param name="lines">The last lines of the output, oldest first.</param>
    public static string? Find(IReadOnlyList<string> lines)
    {
        for (int i = lines.Count - 1; i >= 0; i--)
        {
            if (lines[i].StartsWith(DotNet, StringComparison.Ordinal))
                return lines[i][DotNet.Length..];
            if (lines[i].IndexOf(Python, StringComparison.Ordinal) is >= 0 and int start && FindAfter(lines, i + 1, start) is { } exception)
                return exception;
        }

        return null;
    }

    // The stack is indented, and the exception follows it. A logger writes the same number of characters before each of these lines.
    private static string? FindAfter(IReadOnlyList<string> lines, int first, int column)
    {
        for (int i = first; i < lines.Count; i++)
            if (lines[i].Length > column && !char.IsWhiteSpace(lines[i][column]))
                return lines[i][column..];
        return null;
    }
}

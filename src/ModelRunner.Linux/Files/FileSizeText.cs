using System.Globalization;

namespace ModelRunner.Linux.Files;

/// <summary>Sizes of files as Docker and Ollama print them, and so do all commands.</summary>
internal static class FileSizeText
{
    /// <summary>Writes a size in decimal units with two digits, such as <c>1.04 MB</c>. What would round to 1000.00 has the next unit.</summary>
    public static string Format(long bytes) => bytes < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} B")
        : UnitText.Format(bytes, step: 1000, digits: 2, isFixed: true, " B", " kB", " MB", " GB", " TB");
}

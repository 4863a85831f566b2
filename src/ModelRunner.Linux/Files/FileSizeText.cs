using System.Globalization;

namespace ModelRunner.Linux.Files;

/// <summary>Sizes of files as Docker and Ollama print them, and so do all commands.</summary>
internal static class FileSizeText
{
    /// <summary>Writes a size in decimal units with two digits, such as <c>1.04 MB</c>. What would round to 1000.00 has the next unit.</summary>
    public static string Format(long bytes) => bytes switch
    {
        >= 999_995_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e12:0.00} TB"),
        >= 999_995_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        >= 999_995 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.00} MB"),
        >= 1_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.00} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
    };
}

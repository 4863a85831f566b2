using System.Buffers;
using System.Globalization;

namespace ModelRunner.Configuration;

/// <summary>Formats a location in the configuration file.</summary>
internal static class FileLocation
{
    /// <summary>Characters of a name that needs no brackets in a path.</summary>
    public static readonly SearchValues<char> PlainNameCharacters =
        SearchValues.Create("$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    /// <summary>For instance <c>model-runner.json:12: metrics.timeout</c>.</summary>
    public static string Format(string fileName, int line, string path) => path.Length == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{fileName}:{line}")
        : string.Create(CultureInfo.InvariantCulture, $"{fileName}:{line}: {path}");
}

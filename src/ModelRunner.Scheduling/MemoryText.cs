using System.Globalization;

namespace ModelRunner.Scheduling;

/// <summary>
/// Sizes of memory in MiB for messages. What is needed or used is rounded up and what there is down, so that the numbers show why a model does
/// not fit. Thread-safe.
/// </summary>
public static class MemoryText
{
    private const double Mebibyte = 1 << 20;

    /// <summary>A size that is needed or used, in whole MiB.</summary>
    public static string RoundUp(long bytes) => Math.Ceiling(bytes / Mebibyte).ToString("0", CultureInfo.InvariantCulture);

    /// <summary>A limit, in whole MiB.</summary>
    public static string RoundDown(long bytes) => Math.Floor(bytes / Mebibyte).ToString("0", CultureInfo.InvariantCulture);
}

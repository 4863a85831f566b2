using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>The physical cores behind processors. With simultaneous multithreading, two or more processors share a core.</summary>
internal static class ProcessorCores
{
    private const string SystemFolder = "/sys/devices/system/cpu";

    /// <summary>How many cores the set has; the number of its processors if the system does not tell.</summary>
    public static int Count(ProcessorSet processors, string folder = SystemFolder) =>
        processors.Processors.Select(processor => ReadSiblings(folder, processor)).Distinct(StringComparer.Ordinal).Count();

    private static string ReadSiblings(string folder, int processor)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"cpu{processor}");
        try
        {
            return File.ReadAllText(Path.Join(folder, name, "topology", "thread_siblings_list")).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return name;
        }
    }
}

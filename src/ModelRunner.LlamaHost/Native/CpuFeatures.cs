namespace ModelRunner.LlamaHost.Native;

/// <summary>The CPU's instructions as the kernel lists them: those that the CPU has and the system lets programs use.</summary>
internal static class CpuFeatures
{
    /// <summary>Reads the list; empty where it cannot be read.</summary>
    public static IReadOnlySet<string> Read()
    {
        try
        {
            return Parse(File.ReadLines("/proc/cpuinfo"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Parse([]);
        }
    }

    /// <summary>Takes the flags of the first CPU out of the lines of <c>/proc/cpuinfo</c>.</summary>
    public static IReadOnlySet<string> Parse(IEnumerable<string> lines)
    {
        string flags = lines.FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        return flags[(flags.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
    }
}

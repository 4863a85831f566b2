namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// Chooses the number of compute threads if the command line does not set it. A small model gets one: OpenMP threads spin while they wait
/// for each other, and on busy cores two of them were measured fifty times slower than one.
/// </summary>
internal static class ThreadCount
{
    /// <summary>Bytes of weights from which on several threads are faster than one.</summary>
    public const ulong SmallModelBytes = 100_000_000;

    /// <summary>Beyond this, memory bandwidth limits the speed, not the number of cores.</summary>
    public const int MaxThreads = 16;

    /// <summary>Chooses by the size of the weights.</summary>
    /// <param name="modelBytes">The size of the weights.</param>
    /// <param name="physicalCores">Cores that this process may use, hyper-threads not counted.</param>
    public static int Choose(ulong modelBytes, int physicalCores) =>
        modelBytes < SmallModelBytes ? 1 : Math.Clamp(physicalCores, 1, MaxThreads);

    /// <summary>Counts the physical cores; the number of CPUs if they are unknown.</summary>
    public static int PhysicalCores()
    {
        try
        {
            int cores = Directory.EnumerateDirectories("/sys/devices/system/cpu", "cpu*")
                .Select(folder => Path.Join(folder, "topology", "thread_siblings_list"))
                .Where(File.Exists)
                .Select(File.ReadAllText)
                .Distinct(StringComparer.Ordinal)
                .Count();
            return cores > 0 ? Math.Min(cores, Environment.ProcessorCount) : Environment.ProcessorCount;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Environment.ProcessorCount;
        }
    }
}

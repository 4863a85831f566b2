namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// How many compute threads a model gets where the command line does not say. A small model gets one: the threads of OpenMP spin while they
/// wait for each other, and on busy cores two of them were seen to be fifty times slower than one.
/// </summary>
internal static class ThreadCount
{
    /// <summary>Bytes of weights from which on more threads than one pay.</summary>
    public const ulong SmallModelBytes = 100_000_000;

    /// <summary>Memory bandwidth, not the number of cores, bounds the speed beyond this.</summary>
    public const int MaxThreads = 16;

    /// <summary>Chooses by the size of the weights.</summary>
    /// <param name="modelBytes">The size of the weights.</param>
    /// <param name="physicalCores">Cores that this process may use, hyper-threads not counted.</param>
    public static int Choose(ulong modelBytes, int physicalCores) =>
        modelBytes < SmallModelBytes ? 1 : Math.Clamp(physicalCores, 1, MaxThreads);

    /// <summary>Counts the cores, taking those that share their hyper-threads as one; the number of CPUs where that is not known.</summary>
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

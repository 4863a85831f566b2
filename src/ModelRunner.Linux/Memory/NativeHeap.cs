namespace ModelRunner.Linux.Memory;

/// <summary>The heap of the C library.</summary>
public static class NativeHeap
{
    /// <summary>Returns its free memory to the system. Without effect where the C library cannot do it, such as musl. Thread-safe.</summary>
    public static void Trim()
    {
        try
        {
            _ = Libc.TrimHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Only glibc has it.
        }
    }
}

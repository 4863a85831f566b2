using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>The processors that the calling thread may use. A child process inherits those of the thread that starts it.</summary>
internal static unsafe class ProcessorAffinity
{
    private const int MaskSize = (ProcessorSet.MaxProcessor + 1) / 8;

    /// <summary>The processors of the calling thread; null: the system does not tell.</summary>
    public static ProcessorSet? Read()
    {
        byte* mask = stackalloc byte[MaskSize];
        new Span<byte>(mask, MaskSize).Clear();
        if (Libc.GetAffinity(0, MaskSize, mask) < 0)
            return null;

        var processors = new List<int>();
        for (int processor = 0; processor <= ProcessorSet.MaxProcessor; processor++)
            if ((mask[processor / 8] & (1 << (processor % 8))) != 0)
                processors.Add(processor);
        return ProcessorSet.Of(processors);
    }

    /// <summary>Sets the processors of the calling thread. Those that the machine or the control group does not have are left out.</summary>
    /// <returns>The error of the system; null: it worked.</returns>
    public static string? TrySet(ProcessorSet processors)
    {
        byte* mask = stackalloc byte[MaskSize];
        new Span<byte>(mask, MaskSize).Clear();
        foreach (int processor in processors.Processors)
            mask[processor / 8] |= (byte)(1 << (processor % 8));
        return Libc.SetAffinity(0, MaskSize, mask) == 0 ? null : Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    /// <summary>
    /// Finds out whether a process may use all of these processors, by an attempt on a thread that ends then: it also sees processors that are
    /// switched off, and the limits of control groups.
    /// </summary>
    /// <returns>Why not, as a clause that follows the value, and what is possible; null: it may.</returns>
    public static (string Reason, string Remedy)? FindProblem(ProcessorSet processors)
    {
        (string, string)? problem = null;
        var thread = new Thread(() => problem = Try(processors), maxStackSize: 256 * 1024) { IsBackground = true, Name = "processor check" };
        thread.Start();
        thread.Join();
        return problem;
    }

    private static (string Reason, string Remedy)? Try(ProcessorSet processors)
    {
        string? error = TrySet(processors);
        if (error is null && Read() is { } now && now.Equals(processors))
            return null;

        // As many as possible: the kernel keeps those of them that it may give to this thread.
        _ = ProcessorSet.TryParse($"0-{ProcessorSet.MaxProcessor}", out ProcessorSet? all);
        if (TrySet(all!) is { } forbidden)
            return ($"cannot be used: the system refuses to choose processors ({forbidden})", "leave it out");
        ProcessorSet? usable = Read();
        ProcessorSet? missing = ProcessorSet.Of(processors.Processors.Except(usable?.Processors ?? []));
        return missing is null || usable is null
            ? ($"cannot be used: {error ?? "the system uses other processors"}", "leave it out")
            : ($"names {missing}, which this machine or the control group of the daemon does not have", $"choose from {usable}, or leave it out");
    }
}

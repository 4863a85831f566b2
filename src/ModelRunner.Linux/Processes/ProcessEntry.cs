namespace ModelRunner.Linux.Processes;

/// <summary>One process as <c>/proc</c> shows it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="State">The kernel's letter for its state.</param>
/// <param name="Parent">Its parent's number.</param>
/// <param name="Group">The number of its process group.</param>
/// <param name="Session">The number of its session.</param>
/// <param name="StartTime">When it started, in the kernel's clock ticks since boot. With <paramref name="Id"/> it is unique until then.</param>
internal readonly record struct ProcessEntry(int Id, char State, int Parent, int Group, int Session, long StartTime)
{
    /// <summary>False for a zombie, which only waits to be collected.</summary>
    public bool IsAlive => State is not ('Z' or 'X');
}

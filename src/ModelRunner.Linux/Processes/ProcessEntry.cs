namespace ModelRunner.Linux.Processes;

/// <summary>One process as <c>/proc</c> shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">The kernel's letter for its state.</param>
/// <param name="Parent">The id of its parent.</param>
/// <param name="Group">The id of its process group.</param>
/// <param name="Session">The id of its session.</param>
/// <param name="StartTime">When it started, in clock ticks since boot. Together with <paramref name="Id"/> it is unique until the next boot.</param>
internal readonly record struct ProcessEntry(int Id, char State, int Parent, int Group, int Session, long StartTime)
{
    /// <summary>False for a zombie, which has ended and is not reaped yet.</summary>
    public bool IsAlive => State is not ('Z' or 'X');
}

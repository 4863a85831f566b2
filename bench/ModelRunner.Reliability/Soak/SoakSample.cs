using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Soak;

/// <summary>The daemon at a moment without requests and runners.</summary>
/// <param name="At">Since the start of the run.</param>
/// <param name="ResidentBytes">Its resident memory.</param>
/// <param name="Descriptors">Its open files.</param>
/// <param name="Threads">Its threads.</param>
/// <param name="Children">Its living children.</param>
/// <param name="Zombies">Its children that ended and were not reaped.</param>
internal sealed record SoakSample(TimeSpan At, long ResidentBytes, int Descriptors, int Threads, int Children, int Zombies)
{
    public static SoakSample Take(LabDaemon lab, TimeSpan at)
    {
        (int living, int zombies) = ProcessFolder.CountChildren(lab.ProcessId);
        return new SoakSample(
            at, ProcessFolder.ResidentBytes(lab.ProcessId), ProcessFolder.CountDescriptors(lab.ProcessId), ProcessFolder.CountThreads(lab.ProcessId), living, zombies);
    }
}

using ModelRunner.Linux.Memory;

namespace ModelRunner.Linux.Processes;

/// <summary>The control group of one runner. See <see cref="DelegatedGroup"/>.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="OnEnd">Removes it.</param>
internal sealed record RunnerGroup(string Folder, Action<RunnerGroup> OnEnd)
{
    /// <summary>A process that writes its id to this file comes into the group.</summary>
    public string ProcessesPath => Path.Join(Folder, "cgroup.procs");

    /// <summary>Whether the kernel has killed its processes because they reached its limit.</summary>
    public bool HasRunOutOfMemory => ControlGroups.ReadKillsIn(Folder) > 0;

    /// <summary>Removes it after its last process has ended; at the next start if the kernel still holds it.</summary>
    public void Remove() => OnEnd(this);
}

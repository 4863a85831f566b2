using System.Globalization;
using ModelRunner.Linux.Memory;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The control group (version 2) of this process, if the service manager has delegated it: runners get groups of their own below it, with limits.
/// Thread-safe.
/// </summary>
/// <remarks>
/// A group that gives controllers to its children may not have processes itself (cgroups(7), "no internal processes"). So this process moves itself into
/// a child of its group. It does so only if no other program is in the group, because it would have to move that too.
/// </remarks>
/// <param name="groups">The control groups of this process.</param>
/// <param name="isOwn">Whether a process is this one, was started by it, or is its guardian.</param>
/// <param name="removeFolder">Removes an empty group.</param>
internal sealed class DelegatedGroup(ControlGroups groups, Func<int, bool> isOwn, Action<string> removeFolder)
{
    private const string DaemonFolder = "model-runner-daemon";
    private const string RunnerPrefix = "model-runner-runner-";
    private const string Processes = "cgroup.procs";
    private const string Controller = "memory";

    // A process that starts others while it is moved leaves them behind, so they are moved by the next pass.
    private const int MaxPasses = 10;

    private readonly Lock _gate = new();
    private readonly List<RunnerGroup> _ended = [];
    private string? _parent;
    private long _lastNumber;

    /// <summary>That of this process.</summary>
    public static DelegatedGroup OfProcess { get; } = new(ControlGroups.OfProcess, OwnProcesses.Contains, Directory.Delete);

    /// <summary>
    /// Makes groups of runners possible, and removes those that a killed daemon has left. The first success counts for the life of the process.
    /// </summary>
    /// <returns>Why it is not possible, as a clause; null: it is.</returns>
    public string? Prepare()
    {
        lock (_gate)
        {
            if (_parent is not null)
                return null;
            try
            {
                return FindAndPrepare();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return $"its control group was not delegated to it: {failure.Message.TrimEnd('.')}";
            }
        }
    }

    /// <summary>Makes a group for one runner. The kernel ends all of its processes if they need more memory.</summary>
    /// <exception cref="SpawnException">The system refused.</exception>
    public RunnerGroup Create(long memoryBytes)
    {
        if (Prepare() is { } problem)
            throw new SpawnException($"the memory of the runner cannot be limited (memoryLimit): {problem}");
        lock (_gate)
        {
            _ended.RemoveAll(TryRemove);
            var group = new RunnerGroup(
                Path.Join(_parent, string.Create(CultureInfo.InvariantCulture, $"{RunnerPrefix}{Environment.ProcessId}-{++_lastNumber}")), Remove);
            try
            {
                Directory.CreateDirectory(group.Folder);
                Write(Path.Join(group.Folder, "memory.max"), memoryBytes.ToString(CultureInfo.InvariantCulture));
                Write(Path.Join(group.Folder, "memory.oom.group"), "1");
                return group;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _ = TryRemove(group);
                throw new SpawnException($"the memory of the runner cannot be limited (memoryLimit): {failure.Message.TrimEnd('.')}");
            }
        }
    }

    private string? FindAndPrepare()
    {
        if (groups.FindUnified() is not { } own || !ReadProcesses(own).Contains(Environment.ProcessId))
            return "its control group of version 2 is not visible here";

        bool isMoved = Path.GetFileName(own) == DaemonFolder;
        string parent = isMoved ? Path.GetDirectoryName(own)! : own;
        if (!Has(Path.Join(parent, "cgroup.controllers"), Controller))
            return "its control group has no memory controller of version 2";
        if (!ReadProcesses(parent).All(isOwn))
            return "other programs are in its control group";

        string leaf = Path.Join(parent, DaemonFolder);
        Directory.CreateDirectory(leaf);
        for (int pass = 0; pass < MaxPasses && ReadProcesses(parent) is { Count: > 0 } members; pass++)
            foreach (int member in members)
                Write(Path.Join(leaf, Processes), member.ToString(CultureInfo.InvariantCulture));
        if (!Has(Path.Join(parent, "cgroup.subtree_control"), Controller))
            Write(Path.Join(parent, "cgroup.subtree_control"), "+" + Controller);

        // A group of a killed daemon whose processes still run cannot be removed, and need not be.
        foreach (string left in Directory.GetDirectories(parent, RunnerPrefix + "*"))
            _ = TryRemove(new RunnerGroup(left, Remove));
        _parent = parent;
        return null;
    }

    private void Remove(RunnerGroup group)
    {
        lock (_gate)
            if (!TryRemove(group))
                _ended.Add(group);
    }

    private bool TryRemove(RunnerGroup group)
    {
        try
        {
            removeFolder(group.Folder);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The kernel empties a group a moment after the end of its last process. The next start tries it again.
            return false;
        }
    }

    private static bool Has(string file, string word) => File.ReadAllText(file).Split([' ', '\n']).Contains(word, StringComparer.Ordinal);

    private static List<int> ReadProcesses(string folder) =>
        [.. File.ReadAllLines(Path.Join(folder, Processes)).Select(static line => int.Parse(line, NumberStyles.None, CultureInfo.InvariantCulture))];

    // The kernel has made the file: one that is created here would limit nothing.
    private static void Write(string file, string text)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
    }
}

using System.Globalization;

namespace ModelRunner.Testing;

/// <summary>A control group that limits how many processes and threads there are in it. Disposing removes it, once it is empty.</summary>
internal sealed class PidsGroup : IDisposable
{
    private static readonly string[] Roots = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];

    private readonly string _path;

    private PidsGroup(string path) => _path = path;

    /// <summary>How many there are.</summary>
    public int Count => int.Parse(File.ReadAllText(Path.Join(_path, "pids.current")), CultureInfo.InvariantCulture);

    /// <summary>Null where this process may not make one.</summary>
    public static PidsGroup? TryCreate()
    {
        foreach (string root in Roots)
        {
            string path = Path.Join(root, $"model-runner-test-{Guid.NewGuid():N}");
            try
            {
                Directory.CreateDirectory(path);
                if (File.Exists(Path.Join(path, "pids.max")))
                    return new PidsGroup(path);
                Directory.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The next one may do.
            }
        }

        return null;
    }

    /// <summary>Moves a process with all its threads here; what it starts later comes here too.</summary>
    public void Add(int process) => File.WriteAllText(Path.Join(_path, "cgroup.procs"), $"{process}");

    /// <summary>Sets the limit; null: none.</summary>
    public void Limit(int? count) => File.WriteAllText(Path.Join(_path, "pids.max"), count is { } number ? $"{number}" : "max");

    public void Dispose()
    {
        // Where processes are left, they go back to where this group was made.
        string parent = Path.Join(Path.GetDirectoryName(_path), "cgroup.procs");
        foreach (string process in File.ReadAllLines(Path.Join(_path, "cgroup.procs")))
        {
            try
            {
                File.WriteAllText(parent, process);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        Directory.Delete(_path);
    }
}

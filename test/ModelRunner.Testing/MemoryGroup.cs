using System.Globalization;

namespace ModelRunner.Testing;

/// <summary>A control group that limits the memory of its processes. Disposing removes it, once it is empty.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private static readonly (string Root, string Limit)[] Kinds =
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly string _path;

    private MemoryGroup(string path) => _path = path;

    /// <summary>Its folder.</summary>
    public string Folder => _path;

    /// <summary>A process that writes its id to this file comes here.</summary>
    public string ProcessesPath => Path.Join(_path, "cgroup.procs");

    /// <summary>Null where this process may not make one.</summary>
    public static MemoryGroup? TryCreate(long limitBytes)
    {
        foreach ((string root, string limit) in Kinds)
        {
            string path = Path.Join(root, $"model-runner-test-{Guid.NewGuid():N}");
            try
            {
                Directory.CreateDirectory(path);
                if (File.Exists(Path.Join(path, limit)))
                {
                    File.WriteAllText(Path.Join(path, limit), limitBytes.ToString(CultureInfo.InvariantCulture));
                    return new MemoryGroup(path);
                }

                Directory.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The next one may do.
            }
        }

        return null;
    }

    public void Dispose()
    {
        // The kernel empties the group a moment after its last process was reaped.
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            try
            {
                Directory.Delete(_path);
                return;
            }
            catch (IOException) when (patience.Elapsed < Patience)
            {
                Thread.Yield();
            }
        }
    }
}

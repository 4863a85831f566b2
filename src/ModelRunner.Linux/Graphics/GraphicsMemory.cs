namespace ModelRunner.Linux.Graphics;

/// <summary>
/// Reads the memory of graphics cards from all drivers that the machine has. A missing library or driver is no error. A driver that hangs may
/// block the calling thread. Not thread-safe.
/// </summary>
/// <param name="nvidia">The name or the path of NVML.</param>
/// <param name="drm">The drivers of the kernel.</param>
/// <param name="hasAllProcesses">
/// Whether the daemon sees the processes by the numbers that the kernel gives them. NVML tells these, so in a container with its own numbers
/// another process could have the number of a runner.
/// </param>
internal sealed class GraphicsMemory(string nvidia, DrmMemory drm, bool hasAllProcesses)
{
    private NvidiaLibrary? _library;
    private bool _isLoaded;
    private bool? _isStarted;

    /// <summary>The machine's own.</summary>
    public static GraphicsMemory OfMachine() => new(
        "libnvidia-ml.so.1", new DrmMemory("/proc", "/dev/dri", "/sys/bus/pci/drivers"), IsFirstProcessNamespace("/proc/self/ns/pid"));

    /// <summary>Reads the cards, and what these processes use on them; null if the machine has no driver that tells it.</summary>
    public GraphicsReading? Read(IReadOnlyCollection<int> processes)
    {
        if (!_isLoaded)
            (_library, _isLoaded) = (NvidiaLibrary.Load(nvidia), true);

        // The library may start a program to find the driver, so it is not tried again and again.
        _isStarted ??= _library?.Start() ?? false;
        if (_isStarted == false && !drm.IsHere)
            return null;
        var reading = new GraphicsReading();
        if (_isStarted == true)
            _library!.Read(reading, hasAllProcesses);
        if (drm.IsHere)
            drm.Read(processes, reading);
        return reading;
    }

    /// <summary>Releases the drivers until the next reading.</summary>
    public void Release()
    {
        if (_isStarted == true)
            _library!.Stop();
        _isStarted = null;
    }

    // The kernel gives this number to the first namespace (PROC_PID_INIT_INO).
    private static bool IsFirstProcessNamespace(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget == "pid:[4026531836]";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

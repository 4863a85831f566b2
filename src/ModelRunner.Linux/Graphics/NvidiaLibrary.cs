using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Graphics;

/// <summary>
/// Reads graphics memory with NVML, the library <c>libnvidia-ml.so.1</c> of NVIDIA's driver. It is loaded when it is first needed, and is never
/// unloaded. No method throws. A driver that hangs may block the calling thread. Not thread-safe.
/// </summary>
internal sealed unsafe class NvidiaLibrary
{
    private const int Success = 0;
    private const int TooSmall = 7; // NVML_ERROR_INSUFFICIENT_SIZE
    private const int MaxProcesses = 16 * 1024;
    private const int PciInfoSize = 256; // nvmlPciInfo_t has 68 bytes.
    private const int PciDomainIndex = 16 / sizeof(uint);

    private readonly delegate* unmanaged<int> _start;
    private readonly delegate* unmanaged<int> _stop;
    private readonly delegate* unmanaged<uint*, int> _count;
    private readonly delegate* unmanaged<uint, nint*, int> _find;
    private readonly delegate* unmanaged<nint, uint*, int> _address;
    private readonly delegate* unmanaged<nint, MemoryInfo*, int> _memory;
    private readonly delegate* unmanaged<nint, uint*, ProcessInfo*, int> _compute;
    private readonly delegate* unmanaged<nint, uint*, ProcessInfo*, int> _graphics;

    private NvidiaLibrary(nint library)
    {
        _start = (delegate* unmanaged<int>)Find(library, "nvmlInit_v2");
        _stop = (delegate* unmanaged<int>)Find(library, "nvmlShutdown");
        _count = (delegate* unmanaged<uint*, int>)Find(library, "nvmlDeviceGetCount_v2");
        _find = (delegate* unmanaged<uint, nint*, int>)Find(library, "nvmlDeviceGetHandleByIndex_v2");
        _address = (delegate* unmanaged<nint, uint*, int>)Find(library, "nvmlDeviceGetPciInfo_v3");
        _memory = (delegate* unmanaged<nint, MemoryInfo*, int>)Find(library, "nvmlDeviceGetMemoryInfo");

        // The second version has the same structure as the third. Older drivers have neither, and only show their cards.
        _compute = (delegate* unmanaged<nint, uint*, ProcessInfo*, int>)Find(
            library, "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2");
        _graphics = (delegate* unmanaged<nint, uint*, ProcessInfo*, int>)Find(
            library, "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2");
    }

    private bool IsComplete => _start != null && _stop != null && _count != null && _find != null && _address != null && _memory != null;

    /// <summary>Loads the library; null if the machine has none, or an older one than the daemon can use.</summary>
    /// <param name="name">Its name for the loader, or its path.</param>
    public static NvidiaLibrary? Load(string name) =>
        NativeLibrary.TryLoad(name, out nint library) && new NvidiaLibrary(library) is { IsComplete: true } loaded ? loaded : null;

    /// <summary>Connects to the driver. False if there is none.</summary>
    public bool Start() => _start() == Success;

    /// <summary>Ends the connection, so that the driver may switch off cards that nobody uses.</summary>
    public void Stop() => _ = _stop();

    /// <summary>Adds all cards.</summary>
    /// <param name="reading">The destination.</param>
    /// <param name="hasProcesses">Whether the memory of processes is added too.</param>
    public void Read(GraphicsReading reading, bool hasProcesses)
    {
        uint count;
        if (_count(&count) != Success)
            return;
        uint* address = stackalloc uint[PciInfoSize / sizeof(uint)];
        for (uint index = 0; index < count; index++)
        {
            nint card;
            if (_find(index, &card) != Success || _address(card, address) != Success)
                continue;
            string name = CardName.Of(address[PciDomainIndex], address[PciDomainIndex + 1], address[PciDomainIndex + 2]);
            MemoryInfo memory;
            if (_memory(card, &memory) == Success)
                reading.Add(new CardMemory(name, (long)memory.Total, (long)memory.Used));
            if (hasProcesses)
                ReadProcesses(card, name, reading);
        }
    }

    // A process that computes and draws is in both lists with the same memory. A process on several parts of a card is in a list several times.
    private void ReadProcesses(nint card, string name, GraphicsReading reading)
    {
        Dictionary<(uint Process, uint Part, uint SubPart), ulong> used = [];
        foreach (ProcessInfo process in (ProcessInfo[])[.. List(_compute, card), .. List(_graphics, card)])
        {
            // The driver writes all ones, or 0 in a container, if it does not know the memory.
            (uint, uint, uint) key = (process.Process, process.Part, process.SubPart);
            if (process.UsedBytes is > 0 and <= long.MaxValue)
                used[key] = Math.Max(used.GetValueOrDefault(key), process.UsedBytes);
        }

        foreach (((uint process, _, _), ulong bytes) in used)
            reading.Add((int)process, name, (long)bytes);
    }

    private static ProcessInfo[] List(delegate* unmanaged<nint, uint*, ProcessInfo*, int> list, nint card)
    {
        var processes = new ProcessInfo[64];
        while (list != null)
        {
            uint count = (uint)processes.Length;
            int result;
            fixed (ProcessInfo* start = processes)
                result = list(card, &count, start);
            if (result == Success)
                return processes[..(int)Math.Min(count, (uint)processes.Length)];
            if (result != TooSmall || processes.Length >= MaxProcesses)
                break;
            processes = new ProcessInfo[processes.Length * 4];
        }

        return [];
    }

    private static nint Find(nint library, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            if (NativeLibrary.TryGetExport(library, name, out nint function))
                return function;
        return 0;
    }

    // nvmlMemory_t
    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryInfo
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }

    // nvmlProcessInfo_t
    [StructLayout(LayoutKind.Sequential)]
    private struct ProcessInfo
    {
        public uint Process;
        public ulong UsedBytes;
        public uint Part;
        public uint SubPart;
    }
}

using System.Runtime.InteropServices;

namespace ModelRunner.ScrapeBenchmark.Runners;

/// <summary>A ready socket, in the layout of Linux on x86-64.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EpollEvent
{
    /// <summary>The operations for which it is ready.</summary>
    public uint Events;

    /// <summary>The descriptor of the socket.</summary>
    public int Descriptor;

    private readonly int _unused;
}

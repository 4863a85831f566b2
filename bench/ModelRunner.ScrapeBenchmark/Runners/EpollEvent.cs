using System.Runtime.InteropServices;

namespace ModelRunner.ScrapeBenchmark.Runners;

/// <summary>A socket that became ready, laid out as Linux has it on x86-64.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EpollEvent
{
    /// <summary>What it is ready for.</summary>
    public uint Events;

    /// <summary>The descriptor of the socket.</summary>
    public int Descriptor;

    private readonly int _unused;
}

using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>One of the HELP texts that sources gave for a name, and how many sources gave it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HelpText
{
    public ulong Hash;

    public int Start;

    public int Length;

    public int Sources;

    /// <summary>The next text for the same name, or -1.</summary>
    public int Next;
}

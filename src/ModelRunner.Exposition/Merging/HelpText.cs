using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>One HELP text of a name, and the number of sources that declare it.</summary>
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

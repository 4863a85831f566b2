using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>Consecutive samples of one name in one source.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SampleSpan
{
    public int Source;

    /// <summary>The index of the first sample in the page's list.</summary>
    public int First;

    public int Count;

    /// <summary>The next span of the same name, or -1.</summary>
    public int Next;

    public int Name;
}

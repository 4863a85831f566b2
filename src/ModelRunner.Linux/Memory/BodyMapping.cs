using System.Buffers;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Memory;

/// <summary>
/// Address space for one large body, straight from the kernel. Memory stands behind it only where something was written, and goes back when
/// it is emptied: arrays of this size would stay with the process until a garbage collection that may never come. Address space itself is
/// never given back but kept for the next body. The forwarder must have ended before a mapping is returned; otherwise it would read the next
/// client's body.
/// </summary>
internal sealed unsafe partial class BodyMapping : MemoryManager<byte>
{
    private const int ReadAndWrite = 1 | 2;
    private const int PrivateAnonymousUnreserved = 0x02 | 0x20 | 0x4000;
    private const int DoNotNeed = 4;
    private const int NoHugePages = 15;

    private readonly byte* _start;
    private readonly int _length;

    private BodyMapping(byte* start, int length)
    {
        _start = start;
        _length = length;
    }

    /// <summary>Makes one; null where the system has no address space or memory to promise.</summary>
    public static BodyMapping? TryCreate(int length)
    {
        byte* start = Map(null, (nuint)length, ReadAndWrite, PrivateAnonymousUnreserved, -1, 0);
        if (start == (byte*)-1)
            return null;

        // A huge page would stand behind a few bytes.
        _ = Advise(start, (nuint)length, NoHugePages);
        return new BodyMapping(start, length);
    }

    /// <summary>Gives the memory back to the system; what is read from now on is zero.</summary>
    public void Empty() => _ = Advise(_start, (nuint)_length, DoNotNeed);

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial byte* Map(byte* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* address, nuint length, int advice);
}

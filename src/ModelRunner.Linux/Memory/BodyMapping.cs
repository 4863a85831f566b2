using System.Buffers;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Memory;

/// <summary>
/// Address space for one large body, mapped by the kernel. Only pages that were written to take memory, and <see cref="Empty"/> gives it back
/// to the system. Arrays of this size would keep it until a garbage collection, which may never run. The address space is never unmapped but
/// kept for the next body. The forwarder must have ended before a mapping is used again; otherwise it would read the body of another client.
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

    /// <summary>Creates one; null where the system has no address space or memory left.</summary>
    public static BodyMapping? TryCreate(int length)
    {
        byte* start = Map(null, (nuint)length, ReadAndWrite, PrivateAnonymousUnreserved, -1, 0);
        if (start == (byte*)-1)
            return null;

        // Otherwise a few bytes would take a huge page.
        _ = Advise(start, (nuint)length, NoHugePages);
        return new BodyMapping(start, length);
    }

    /// <summary>Gives the memory back to the system. All bytes are zero then.</summary>
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

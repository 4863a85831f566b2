using System.Runtime.InteropServices;
using ModelRunner.Linux.Memory;

namespace ModelRunner.Daemon.Tests.Linux.Memory;

/// <summary>The heap of the C library.</summary>
public sealed class NativeHeapTests
{
    private const int Blocks = 100_000;
    private const int BlockBytes = 1024;

    [Fact]
    public void Free_memory_before_a_block_in_use_is_returned_to_the_system()
    {
        // The C library returns memory at the end of its heap by itself, so the last block stays in use.
        var blocks = new nint[Blocks];
        for (int i = 0; i < Blocks; i++)
        {
            blocks[i] = Marshal.AllocHGlobal(BlockBytes);
            Marshal.WriteByte(blocks[i], 1);
        }

        foreach (nint block in blocks[..^1])
            Marshal.FreeHGlobal(block);
        long before = Environment.WorkingSet;

        NativeHeap.Trim();
        long freed = before - Environment.WorkingSet;

        Marshal.FreeHGlobal(blocks[^1]);
        Assert.InRange(freed, Blocks * BlockBytes / 2, long.MaxValue);
    }
}

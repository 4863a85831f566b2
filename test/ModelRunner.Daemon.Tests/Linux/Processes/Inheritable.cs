using ModelRunner.Linux;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>Files that a parent process left open for its children.</summary>
internal static unsafe class Inheritable
{
    public static void Open(out int first, out int second)
    {
        int* ends = stackalloc int[2];
        Assert.Equal(0, Libc.Pipe(ends, 0));
        (first, second) = (ends[0], ends[1]);
    }

    public static void Close(int first, int second)
    {
        _ = Libc.Close(first);
        _ = Libc.Close(second);
    }
}

using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ModelRunner.ScrapeBenchmark.Runners;

/// <summary>Waits for many sockets in one thread. A closed socket is removed by the kernel.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int Added = 1;
    private const int Modified = 3;
    private const uint Readable = 1;
    private const uint Writable = 4;
    private const int Interrupted = 4;

    private readonly EpollEvent[] _events = new EpollEvent[512];
    private readonly int _descriptor = Checked(Create(flags: 0x80000));

    /// <summary>The descriptor of a socket.</summary>
    public static int DescriptorOf(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    /// <summary>From now on waits until a socket can be read or accepted from.</summary>
    public void Add(Socket socket) => Control(Added, socket, Readable);

    /// <summary>From now on waits until a socket can be read from and, if requested, written to.</summary>
    public void Change(Socket socket, bool isWriting) => Control(Modified, socket, isWriting ? Readable | Writable : Readable);

    /// <summary>Waits until some sockets are ready, or until the timeout.</summary>
    /// <returns>The ready sockets. Valid until the next call.</returns>
    public ReadOnlySpan<EpollEvent> Wait(TimeSpan limit)
    {
        fixed (EpollEvent* events = _events)
        {
            int count = Wait(_descriptor, events, _events.Length, (int)limit.TotalMilliseconds);
            return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? [] : _events.AsSpan(0, Checked(count));
        }
    }

    public void Dispose() => _ = Close(_descriptor);

    private void Control(int operation, Socket socket, uint interests)
    {
        var interest = new EpollEvent { Events = interests, Descriptor = DescriptorOf(socket) };
        _ = Checked(Control(_descriptor, operation, interest.Descriptor, &interest));
    }

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int epoll, int operation, int descriptor, EpollEvent* interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(int epoll, EpollEvent* events, int capacity, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}

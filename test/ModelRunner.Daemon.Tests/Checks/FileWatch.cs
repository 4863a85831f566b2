using System.Globalization;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Tells that somebody opened, read, changed or removed one of some files, with inotify(7).</summary>
internal sealed unsafe class FileWatch : IDisposable
{
    private const int NonBlocking = 0x800; // IN_NONBLOCK
    private const uint Everything = 0xFFF; // IN_ALL_EVENTS
    private const int EventSize = 16;
    private const int MaskOffset = 4;
    private const int LengthOffset = 12;

    private readonly SafeFileHandle _notifier;
    private readonly byte[] _buffer = new byte[64 * 1024];

    public FileWatch(params string[] paths)
    {
        int notifier = Libc.CreateNotifier(NonBlocking);
        Assert.True(notifier >= 0);
        _notifier = new SafeFileHandle(notifier, ownsHandle: true);
        foreach (string path in paths)
            Assert.True(Libc.AddWatch(notifier, path, Everything) >= 0);
    }

    /// <summary>The events since the last call, as masks of inotify(7).</summary>
    public IReadOnlyList<string> Read()
    {
        var events = new List<string>();
        nint length;
        fixed (byte* buffer = _buffer)
            length = Libc.Read((int)_notifier.DangerousGetHandle(), buffer, _buffer.Length);
        for (int at = 0; at < length; at += EventSize + BitConverter.ToInt32(_buffer, at + LengthOffset))
            events.Add(BitConverter.ToUInt32(_buffer, at + MaskOffset).ToString("X", CultureInfo.InvariantCulture));
        return events;
    }

    public void Dispose() => _notifier.Dispose();
}

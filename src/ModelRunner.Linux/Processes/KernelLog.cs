using System.Buffers.Text;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The lines of the kernel's log since this object was made, as far as they name processes that the out-of-memory killer ended. Not thread-safe.
/// </summary>
internal sealed unsafe class KernelLog : IDisposable
{
    private const string Device = "/dev/kmsg";
    private const string OwnNamespace = "/proc/self/ns/pid";

    // The kernel names processes by their ids in the first namespace, which always has this number.
    private const string FirstNamespace = "pid:[4026531836]";

    // The kernel passes one record at each read, and none is longer.
    private const int MaxRecord = 8192;

    // More than a ring of 16 MiB can hold since the last call, so that a log that is written all the time ends no call late.
    private const int MaxRecords = 200_000;

    private readonly int _file;

    private KernelLog(int file) => _file = file;

    /// <summary>Null where the log is not readable, or where it names processes by other ids than this process sees.</summary>
    public static KernelLog? TryOpen()
    {
        if (!IsFirstNamespace())
            return null;
        int file = Libc.OpenAt(Libc.CurrentDirectory, Device, Libc.OpenReadOnly | Libc.OpenNoBlock | Libc.OpenCloseOnExec, 0);
        if (file < 0)
            return null;
        var log = new KernelLog(file);
        _ = Libc.Seek(file, 0, Libc.SeekEnd);
        return log;
    }

    /// <summary>The processes that were named since the last call. A process may be named twice.</summary>
    public IReadOnlyList<int> ReadKills()
    {
        List<int> kills = [];
        byte* record = stackalloc byte[MaxRecord];
        for (int i = 0; i < MaxRecords; i++)
        {
            nint length = Libc.Read(_file, record, MaxRecord);
            if (length > 0 && FindKill(new ReadOnlySpan<byte>(record, (int)length)) is { } process)
                kills.Add(process);

            // A broken pipe says that records were overwritten before they were read. The next read returns the oldest one that is left.
            if (length <= 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() is not (Libc.ErrorBrokenPipe or Libc.ErrorInterrupted))
                break;
        }

        return kills;
    }

    /// <summary>The process that a record names as killed; null: it names none.</summary>
    internal static int? FindKill(ReadOnlySpan<byte> record)
    {
        // 3,1234,567890,-;Memory cgroup out of memory: Killed process 4711 (llama-server) total-vm:…
        // 6,1233,567889,-;oom-kill:constraint=CONSTRAINT_MEMCG,…,task=llama-server,pid=4711,uid=1000
        int text = record.IndexOf((byte)';') + 1;
        if (text == 0)
            return null;
        ReadOnlySpan<byte> line = record[text..];
        if (line.IndexOf((byte)'\n') is >= 0 and int end)
            line = line[..end];
        if (line.StartsWith("oom-kill:"u8))
            return NumberAfter(line, line.LastIndexOf(",pid="u8), ",pid="u8.Length);
        return NumberAfter(line, line.IndexOf("ut of memory: Killed process "u8), "ut of memory: Killed process "u8.Length);
    }

    public void Dispose() => _ = Libc.Close(_file);

    private static int? NumberAfter(ReadOnlySpan<byte> line, int start, int length) =>
        start >= 0 && Utf8Parser.TryParse(line[(start + length)..], out int number, out int used) && used > 0 ? number : null;

    private static bool IsFirstNamespace()
    {
        try
        {
            return new FileInfo(OwnNamespace).LinkTarget == FirstNamespace;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

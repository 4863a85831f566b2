using System.Globalization;

namespace ModelRunner.Linux;

/// <summary>
/// Reads files of <c>/proc</c> by system calls: processes end all the time, and an exception for each would cost more than the read. No method throws.
/// </summary>
internal static unsafe class ProcFile
{
    /// <summary>The fields of a status that are read: proc_pid_stat(5), from the state, which is field 3, to the start time, which is field 22.</summary>
    public const int FieldCount = 22 - 3 + 1;

    private const int StatusSize = 1024;

    /// <summary>Reads the status of a process, from the state on. The state is a letter, so its number is not set.</summary>
    /// <param name="process">The process.</param>
    /// <param name="numbers">Gets the fields: the state, the parent, the group, the session and further ones.</param>
    /// <param name="state">The kernel's letter for its state.</param>
    /// <returns>False: it has ended or may not be read.</returns>
    public static bool TryReadStatus(int process, Span<long> numbers, out char state)
    {
        // The name may contain brackets and spaces, but the last bracket of the file always comes after it.
        Span<byte> status = stackalloc byte[StatusSize];
        state = default;
        int length = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"), status);
        int end = length <= 0 ? -1 : status[..length].LastIndexOf((byte)')');
        if (end < 0 || end + 2 >= length)
            return false;

        ReadOnlySpan<byte> fields = status[(end + 2)..length];
        state = (char)fields[0];
        int index = 0;
        foreach (Range range in fields.Split((byte)' '))
        {
            if (index == FieldCount)
                break;
            if (index > 0 && !long.TryParse(fields[range], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[index]))
                return false;
            index++;
        }

        return index == FieldCount;
    }

    /// <summary>Reads a file from its start. Returns the number of bytes, or -1 where it cannot be opened.</summary>
    public static int Read(string path, Span<byte> buffer)
    {
        int file = Libc.OpenAt(Libc.CurrentDirectory, path, Libc.OpenCloseOnExec, 0);
        if (file < 0)
            return -1;

        int length = 0;
        fixed (byte* start = buffer)
        {
            nint count;
            while (length < buffer.Length && (count = Libc.Read(file, start + length, buffer.Length - length)) > 0)
                length += (int)count;
        }

        _ = Libc.Close(file);
        return length;
    }
}

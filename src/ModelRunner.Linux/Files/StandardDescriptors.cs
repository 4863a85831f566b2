using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Opens the descriptors 0 to 2 where the process was started with some of them closed. Otherwise the next file that is opened would get such
/// a number, and the output of standard error would be written to it. The .NET runtime opens files before any code of the program runs.
/// </summary>
internal static unsafe partial class StandardDescriptors
{
    private const int StandardOutput = 1;
    private const int Last = 2;
    private const int DuplicateAbove = 1030; // F_DUPFD_CLOEXEC
    private const int CloseOnExec = 1; // FD_CLOEXEC

    /// <summary>
    /// Where one of them is closed, executes this program again in the same process with <c>/dev/null</c> in its place. Then it does not return.
    /// Standard output is opened for reading only, so that a command that cannot write its result still fails. Call it before anything else.
    /// </summary>
    public static void Require()
    {
        bool isComplete = true;
        for (int descriptor = 0; descriptor <= Last; descriptor++)
            isComplete &= IsInherited(descriptor);
        if (isComplete)
            return;

        byte[] commandLine = File.ReadAllBytes("/proc/self/cmdline");
        if (TryFill())
            StartAnew(commandLine);
    }

    // An inherited descriptor does not have the flag close-on-exec. One that the runtime opened has it.
    private static bool IsInherited(int descriptor) =>
        Libc.ControlDescriptor(descriptor, Libc.GetDescriptorFlags, 0) is >= 0 and int flags && (flags & CloseOnExec) == 0;

    private static bool TryFill()
    {
        int readWrite = OpenNull(Libc.OpenReadWrite);
        int readOnly = OpenNull(Libc.OpenReadOnly);
        bool isFilled = readWrite >= 0 && readOnly >= 0;
        Span<bool> isMissing = stackalloc bool[Last + 1];
        for (int descriptor = 0; descriptor <= Last; descriptor++)
            isMissing[descriptor] = !IsInherited(descriptor);

        // The two descriptors above may have one of the missing numbers, so copies with higher numbers are used.
        readWrite = Libc.ControlDescriptor(readWrite, DuplicateAbove, Last + 1);
        readOnly = Libc.ControlDescriptor(readOnly, DuplicateAbove, Last + 1);
        isFilled &= readWrite >= 0 && readOnly >= 0;
        for (int descriptor = 0; isFilled && descriptor <= Last; descriptor++)
            if (isMissing[descriptor])
                isFilled = Duplicate(descriptor == StandardOutput ? readOnly : readWrite, descriptor) >= 0;
        return isFilled;
    }

    // Each argument of the command line ends with a zero byte.
    private static void StartAnew(byte[] words)
    {
        int count = words.AsSpan().Count((byte)0);
        byte** arguments = stackalloc byte*[count + 1];
        fixed (byte* program = "/proc/self/exe"u8)
        fixed (byte* text = words)
        {
            byte* next = text;
            for (int i = 0; i < count; i++)
            {
                arguments[i] = next;
                while (*next++ != 0)
                {
                }
            }

            arguments[count] = null;
            _ = Libc.Execute(program, arguments);
        }
    }

    private static int OpenNull(int access) => Libc.OpenAt(Libc.CurrentDirectory, "/dev/null", access | Libc.OpenCloseOnExec, 0);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int from, int to);
}

using System.Runtime.InteropServices;

namespace ModelRunner.Testing;

/// <summary>Sends signals to processes that a test started.</summary>
internal static class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    public static void Send(int process, int signal) => Assert.Equal(0, SendTo(process, signal));

    /// <summary>Sends a signal to a process that may have ended.</summary>
    public static void TrySend(int process, int signal) => _ = SendTo(process, signal);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendTo(int process, int signal);
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ModelRunner.StubRunner;

/// <summary>Faults of the process itself rather than of its answers.</summary>
internal sealed partial class ProcessFaults(StubFaults faults, StubArguments arguments)
{
    /// <summary>The argument that this stub pretends not to know; null: none.</summary>
    public string? RefusedArgument => arguments.All.FirstOrDefault(argument => argument == faults.Text("refuse_argument"));

    /// <summary>Whether something is to happen between listening and being ready.</summary>
    public bool HasLoading => faults.IsOn("load_delay_ms") || faults.IsOn("never_ready")
        || faults.Text("exit_before_ready") is not null || faults.Text("signal_before_ready") is not null;

    /// <summary>Ends the process by a signal, whatever handlers the runtime has.</summary>
    public static void EndBySignal(int signal)
    {
        // The runtime's own handlers would turn some signals into an orderly exit.
        _ = Signal(signal, 0);
        _ = Kill(Environment.ProcessId, signal);
        new ManualResetEventSlim().Wait(TimeSpan.FromSeconds(10));
    }

    public void BeforeBind()
    {
        if (faults.Number("memory_mib") is > 0 and var mebibytes)
            Hold(mebibytes);
        if (faults.Text("stderr_text") is { } text)
            Console.Error.WriteLine(text.Replace("\\n", "\n", StringComparison.Ordinal));
        for (long line = 0; line < faults.Number("stderr_lines"); line++)
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"0.00.000.{line:000} I stub line {line}"));
        if (faults.IsOn("grandchild"))
            Process.Start(new ProcessStartInfo("sleep", "600"));
        if (faults.IsOn("grandchild_own_group"))
            Process.Start(new ProcessStartInfo("setsid", "sleep 600"));
        if (faults.Number("flood_stderr_bytes") is > 0 and var bytes)
            new Thread(() => Flood(bytes)) { IsBackground = true }.Start();
        if (faults.Text("exit_at_start") is not null)
            Environment.Exit((int)faults.Number("exit_at_start"));
        if (faults.Text("signal_at_start") is not null)
            EndBySignal((int)faults.Number("signal_at_start"));
    }

    public void BeforeReady()
    {
        if (faults.Text("exit_before_ready") is not null)
            Environment.Exit((int)faults.Number("exit_before_ready"));
        if (faults.Text("signal_before_ready") is not null)
            EndBySignal((int)faults.Number("signal_before_ready"));
        if (faults.IsOn("never_ready"))
            new ManualResetEventSlim().Wait();
    }

    /// <summary>Takes so much memory. Each page is written, so that all of it is resident. It is never released.</summary>
    public static unsafe void Hold(long mebibytes) =>
        NativeMemory.Fill(NativeMemory.Alloc((nuint)mebibytes << 20), (nuint)mebibytes << 20, 1);

    /// <summary>Writes that many bytes without a line end as fast as the reader takes them.</summary>
    private void Flood(long bytes)
    {
        using Stream error = Console.OpenStandardError();
        byte[] block = Encoding.ASCII.GetBytes(new string('x', 65536));
        if (faults.IsOn("flood_binary"))
            Random.Shared.NextBytes(block);
        for (long left = bytes; left > 0; left -= block.Length)
            error.Write(block, 0, (int)Math.Min(left, block.Length));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int signal, nint handler);
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.ScrapeBenchmark.Tests.Measuring;

public sealed class ProcessProbeTests
{
    private readonly ProcessProbe _self = new(Environment.ProcessId);

    [Fact]
    public void CPU_time_counts_the_threads_that_ended()
    {
        long machine = MachineProbe.BusyNanoseconds;
        (long user, long system) = _self.CpuTicks;
        long before = _self.CpuNanoseconds;
        var thread = new Thread(() => Burn(TimeSpan.FromMilliseconds(50)));
        thread.Start();
        thread.Join();

        Assert.True(_self.CpuNanoseconds - before >= 50_000_000);
        Assert.True(_self.CpuTicks.User + _self.CpuTicks.System - user - system >= 3);
        Assert.True(MachineProbe.BusyNanoseconds - machine >= 30_000_000);
    }

    [Fact]
    public void CPU_time_is_that_of_the_process()
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long own = _self.CpuNanoseconds;
        process.Refresh();

        Assert.InRange(own / 1e9, before.TotalSeconds - 0.02, process.TotalProcessorTime.TotalSeconds + 0.02);
    }

    [Fact]
    public unsafe void The_peak_of_memory_is_that_since_it_was_forgotten()
    {
        // Much more than what other tests of this process take and give back meanwhile.
        const int Length = 256 * 1024 * 1024;
        _self.ForgetPeak();
        long before = _self.PeakBytes;
        void* block = NativeMemory.Alloc(Length);
        new Span<byte>(block, Length).Fill(1);
        long resident = _self.ResidentBytes;
        NativeMemory.Free(block);
        long peak = _self.PeakBytes;
        _self.ForgetPeak();

        Assert.InRange(resident, before + (Length / 2), peak + (Length / 4));
        Assert.InRange(peak, before + (Length / 2), long.MaxValue);
        Assert.InRange(_self.PeakBytes, 0, peak - (Length / 2));
    }

    [Fact]
    public void A_process_that_is_not_there_is_an_error()
    {
        const int MoreThanLinuxGives = 4_194_305;
        Assert.Throws<Win32Exception>(static () => new ProcessProbe(MoreThanLinuxGives));
    }

    // By the clock of this thread's process, since the machine may be slow.
    private void Burn(TimeSpan time)
    {
        long end = _self.CpuNanoseconds + (long)time.TotalNanoseconds;
        while (_self.CpuNanoseconds < end)
            Thread.SpinWait(1000);
    }
}

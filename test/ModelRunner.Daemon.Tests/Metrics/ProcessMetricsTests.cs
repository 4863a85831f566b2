using ModelRunner.Daemon.Metrics;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed class ProcessMetricsTests
{
    [Fact]
    public void Resident_memory_is_what_the_runtime_says_too()
    {
        long runtime = Environment.WorkingSet;

        // Other tests run in this process meanwhile. A wrong column or unit would be off by more.
        Assert.InRange(ProcessMetrics.ReadResidentBytes() ?? 0, runtime / 2, runtime * 2);
    }
}

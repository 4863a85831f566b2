using ModelRunner.Daemon.Metrics;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed class ProcessMetricsTests
{
    [Fact]
    public void Resident_memory_equals_the_value_of_the_runtime()
    {
        long runtime = Environment.WorkingSet;

        // Other tests run in this process at the same time. A wrong column or unit would differ by more.
        Assert.InRange(ProcessMetrics.ReadResidentBytes() ?? 0, runtime / 2, runtime * 2);
    }
}

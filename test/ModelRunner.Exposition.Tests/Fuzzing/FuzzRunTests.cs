using ModelRunner.Fuzz.Running;

namespace ModelRunner.Exposition.Tests.Fuzzing;

/// <summary>A short run of the fuzzer in this process; the long one is a step of its own in CI.</summary>
public sealed class FuzzRunTests
{
    private const int Seed = 1;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(10);

    [Fact]
    public void Ten_seconds_of_mutated_bodies_break_no_equation()
    {
        var report = FuzzRun.Run(Time, Seed);

        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}: {report.Executions} executions");
        Assert.True(report.Failure is null, $"seed {Seed}, {report.Target}: {report.Failure}\ninput (base64): {Convert.ToBase64String(report.Input)}");
        Assert.True(report.Executions > 5_000, $"only {report.Executions} executions");
    }
}

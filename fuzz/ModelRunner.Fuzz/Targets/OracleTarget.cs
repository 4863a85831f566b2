using ModelRunner.Exposition.Tests.Oracle;

namespace ModelRunner.Fuzz.Targets;

/// <summary>The product, with each of its kernels, reads and merges as the oracle does.</summary>
internal static class OracleTarget
{
    public static void OneSource(byte[] input) => Differential.Check([new Differential.Source(input, null)]);

    public static void ManySources(byte[] input) => Differential.Check(SourceSplitter.Split(input));
}

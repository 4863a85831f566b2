using System.Runtime.Intrinsics.X86;

namespace ModelRunner.LlamaHost.Native;

/// <summary>The CPU's instructions, by the kernel's names: those that the CPU has and the system lets programs use.</summary>
internal static class CpuFeatures
{
    /// <summary>Reads the kernel's list; where there is none, as in a chroot without /proc, asks the CPU for what matters here.</summary>
    public static IReadOnlySet<string> Read()
    {
        try
        {
            return Parse(File.ReadLines("/proc/cpuinfo"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Ask();
        }
    }

    /// <summary>Takes the flags of the first CPU out of the lines of <c>/proc/cpuinfo</c>.</summary>
    public static IReadOnlySet<string> Parse(IEnumerable<string> lines)
    {
        string flags = lines.FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        return flags[(flags.IndexOf(':', StringComparison.Ordinal) + 1)..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .ToHashSet(StringComparer.Ordinal);
    }

    // .NET does not report F16C separately; every CPU with AVX2 and FMA has it.
    private static HashSet<string> Ask()
    {
        var features = new HashSet<string>(StringComparer.Ordinal);
        if (Avx2.IsSupported && Fma.IsSupported && Bmi2.IsSupported)
            features.UnionWith(["avx2", "fma", "f16c", "bmi2"]);
        if (Avx512F.VL.IsSupported && Avx512BW.IsSupported && Avx512CD.IsSupported && Avx512DQ.IsSupported)
            features.UnionWith(["avx512f", "avx512vl", "avx512bw", "avx512cd", "avx512dq"]);
        return features;
    }
}

namespace ModelRunner.LlamaHost.Native;

/// <summary>Which build of libggml-cpu is used, and which CPU instructions it needs.</summary>
internal sealed record CpuVariant(string Name, IReadOnlyList<string> Needs)
{
    /// <summary>
    /// All builds, in the order of preference. AVX2 comes before AVX-512: on the CPUs that were measured the AVX-512 build of the library
    /// answered three to five times slower, so it is used only when it is asked for.
    /// </summary>
    public static IReadOnlyList<CpuVariant> All { get; } =
    [
        new("avx2", ["avx2", "fma", "f16c", "bmi2"]),
        new("noavx", []),
        new("avx512", ["avx2", "fma", "f16c", "bmi2", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"]),
    ];

    /// <summary>Whether a CPU with these instructions can run it.</summary>
    public bool RunsOn(IReadOnlySet<string> features) => Needs.All(features.Contains);

    /// <summary>Picks the build of that name, or the first of <see cref="All"/> that the CPU can run.</summary>
    /// <exception cref="NativeLibraryException">There is no build of that name, or this CPU cannot run it.</exception>
    public static CpuVariant Choose(string? name, IReadOnlySet<string> features)
    {
        if (string.IsNullOrEmpty(name))
            return All.First(variant => variant.RunsOn(features));

        CpuVariant chosen = All.FirstOrDefault(variant => variant.Name == name)
            ?? throw new NativeLibraryException(
                $"there is no CPU variant \"{name}\": use {string.Join(", ", All.Select(variant => variant.Name))}");
        string[] missing = [.. chosen.Needs.Where(need => !features.Contains(need))];
        return missing.Length == 0
            ? chosen
            : throw new NativeLibraryException(
                $"the CPU variant \"{name}\" needs instructions that this CPU lacks: {string.Join(", ", missing)}");
    }
}

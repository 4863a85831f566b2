using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Tests.Native;

public sealed class CpuVariantTests
{
    private const string Modern = "flags\t\t: fpu sse2 avx avx2 fma f16c bmi1 bmi2 avx512f avx512cd avx512bw avx512dq avx512vl";

    [Fact]
    public void Avx2_goes_before_avx_512() => Assert.Equal("avx2", CpuVariant.Choose(null, CpuFeatures.Parse([Modern])).Name);

    [Fact]
    public void Avx_512_is_used_when_it_is_asked_for() =>
        Assert.Equal("avx512", CpuVariant.Choose("avx512", CpuFeatures.Parse([Modern])).Name);

    [Theory]
    [InlineData("flags : fpu sse2")]
    [InlineData("flags : fpu sse2 avx f16c")]
    [InlineData("flags : avx2 fma bmi2")]
    [InlineData("model name : x")]
    public void A_cpu_that_lacks_something_gets_the_build_that_needs_nothing(string line) =>
        Assert.Equal("noavx", CpuVariant.Choose("", CpuFeatures.Parse(["processor : 0", line])).Name);

    [Fact]
    public void What_the_cpu_lacks_is_named()
    {
        var failure = Assert.Throws<NativeLibraryException>(
            () => CpuVariant.Choose("avx512", CpuFeatures.Parse(["flags : avx2 fma f16c bmi2 avx512f"])));

        Assert.Contains("avx512cd, avx512bw, avx512dq, avx512vl", failure.Message);
    }

    [Fact]
    public void Every_build_is_there() =>
        Assert.All(
            CpuVariant.All,
            variant => Assert.True(File.Exists(Path.Join(AppContext.BaseDirectory, "native", "cpu-" + variant.Name, "libggml-cpu.so"))));
}

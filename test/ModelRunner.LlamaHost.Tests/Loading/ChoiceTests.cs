using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Tests.Loading;

public sealed class ChoiceTests
{
    [Theory]
    [InlineData(0, 2048, 4, 8192)]
    [InlineData(0, 131072, 4, 16384)]
    [InlineData(1000, 131072, 4, 1000)]
    public void The_context_is_what_was_asked_for_or_enough_for_every_slot(int asked, int trained, int slots, int expected) =>
        Assert.Equal(expected, ContextSize.Choose(asked, trained, slots));

    [Theory]
    [InlineData(1_000_000, 8, 1)]
    [InlineData(4_000_000_000, 8, 8)]
    [InlineData(4_000_000_000, 64, 16)]
    [InlineData(4_000_000_000, 0, 1)]
    public void Small_models_get_one_thread(ulong bytes, int cores, int expected) =>
        Assert.Equal(expected, ThreadCount.Choose(bytes, cores));

    [Fact]
    public void The_cores_of_this_machine_are_counted() => Assert.InRange(ThreadCount.PhysicalCores(), 1, Environment.ProcessorCount);
}

using LLama.Native;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Tests.Generation;

public sealed class SlotChoiceTests
{
    [Fact]
    public void A_conversation_finds_its_slot()
    {
        Slot[] slots = [Used(0, 1, [1, 2, 3, 4]), Used(1, 2, [1, 2, 9])];

        (Slot slot, int keep) = SlotChoice.For(Settings([1, 2, 3, 4, 5, 6]), slots);

        Assert.Same(slots[0], slot);
        Assert.Equal(4, keep);
    }

    [Fact]
    public void The_last_token_of_the_prompt_is_always_computed()
    {
        Slot[] slots = [Used(0, 1, [1, 2, 3])];

        Assert.Equal(2, SlotChoice.For(Settings([1, 2, 3]), slots).Keep);
    }

    [Fact]
    public void Without_anything_in_common_the_slot_that_was_free_the_longest_is_taken()
    {
        Slot[] slots = [Used(0, 30, [7, 8]), Used(1, 10, [7, 8]), Used(2, 20, [7, 8])];

        Assert.Same(slots[1], SlotChoice.For(Settings([1, 2]), slots).Slot);
    }

    [Fact]
    public void Who_does_not_want_the_cache_keeps_nothing_of_it()
    {
        Slot[] slots = [Used(0, 1, [1, 2, 3])];

        Assert.Equal(0, SlotChoice.For(Settings([1, 2, 3, 4]) with { UsesCache = false }, slots).Keep);
    }

    private static GenerationSettings Settings(int[] prompt) => new() { Prompt = Tokens(prompt) };

    private static LLamaToken[] Tokens(int[] ids) => [.. ids.Select(id => (LLamaToken)id)];

    private static Slot Used(int index, long freeSince, int[] cached)
    {
        var slot = new Slot(index);
        slot.Begin(new GenerationJob(Settings(cached), null, CancellationToken.None), null, 0, 0);
        slot.AddPrompt(new LLamaBatch(), 512);
        slot.End(freeSince, keepsCache: true);
        return slot;
    }
}

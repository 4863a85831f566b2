namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Which free slot a request gets: the one whose cache begins with the most of its prompt, so that a conversation finds what was computed
/// for it; where none has any of it, the one that was free the longest, whose cache is the least likely to be asked for.
/// </summary>
internal static class SlotChoice
{
    /// <summary>Chooses among the free slots, of which there must be one.</summary>
    /// <returns>The slot, and how many tokens of its cache can stay.</returns>
    public static (Slot Slot, int Keep) For(GenerationSettings settings, IReadOnlyList<Slot> slots)
    {
        Slot? best = null;
        int most = 0;
        foreach (Slot slot in slots)
        {
            if (slot.Job is not null)
                continue;
            int common = settings.UsesCache ? slot.CommonPrefix(settings.Prompt) : 0;
            if (best is null || common > most || (common == most && slot.FreeSince < best.FreeSince))
                (best, most) = (slot, common);
        }

        return (best ?? throw new InvalidOperationException("There is no free slot."), most);
    }
}

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Chooses the free slot for a request: the one whose cache has the longest common beginning with its prompt, so that a conversation reuses
/// its cache; if no cache matches, the one that has been free longest, since its cache is the least likely to be needed.
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

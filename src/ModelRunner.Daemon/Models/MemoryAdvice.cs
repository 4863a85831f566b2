using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>Says with which settings a model that is too large would fit.</summary>
internal static class MemoryAdvice
{
    // A shorter context is of little use.
    private const int LeastContext = 512;

    /// <summary>A clause for an error message, such as <c>it fits with contextSize 2048 (now 8192)</c>; null if there is no advice.</summary>
    /// <param name="model">The model.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="room">The memory that its runner could have.</param>
    /// <param name="roomAlone">The same if the models with an unlimited keep-alive were unloaded.</param>
    public static string? For(ModelEntry model, RunnerMode mode, MemoryRoom room, MemoryRoom roomAlone)
    {
        if (model is not { Header: { } header, Shape: { } written })
            return null;

        RunnerShape shape = written with { Mode = mode };
        if (FindChange(header, model.WeightBytes, shape, room) is { } change)
            return change.Length == 0 ? null : $"it fits with {change}";
        if (roomAlone != room && FindChange(header, model.WeightBytes, shape, roomAlone) is { } alone)
            return alone.Length == 0 ? null : $"when models with an unlimited keep-alive are unloaded, it fits with {alone}";
        if (shape.Offload is null && model.WeightBytes > roomAlone.Bytes)
            return $"its weights alone need {MemoryText.RoundUp(model.WeightBytes)} MiB";
        string withoutDraft = shape is { Draft: not null, Mode: RunnerMode.Completion } ? "no draft model, " : "";
        return FormattableString.Invariant($"it does not fit with {withoutDraft}one slot and {LeastContext} tokens of context either");
    }

    /// <summary>The part of the memory of a runner that its draft model needs, in a clause; null: it has none.</summary>
    public static string? OfDraft(ModelEntry model, RunnerMode mode) =>
        model.Draft is { } draft && model.Memory.GetValueOrDefault(mode)?.Draft is { } beside
            ? $"about {MemoryText.RoundUp(beside.Total)} MiB of that are for its draft model {draft.Reference}"
            : null;

    // The smallest change with which it fits; empty: none is needed; null: there is none.
    private static string? FindChange(GgufHeader header, long weightBytes, RunnerShape shape, MemoryRoom room)
    {
        if (Fits(shape))
            return "";
        string? layers = LayerAdvice.For(header.BlockCount, shape, FitsCards, Fits);
        if (FindOther() is not { } other)
            return layers;
        return layers is null ? other : $"{layers}, or with {other}";

        string? FindOther()
        {
            foreach ((RunnerShape changed, string[] changes) in Candidates(shape))
            {
                if (Fits(changed))
                    return string.Join(" and ", changes);
                if (FindContext(changed) is { } context)
                    return string.Join(" and ", changes.Prepend(Describe(changed with { Context = context }, shape)));
            }

            return null;
        }

        bool FitsCards(RunnerShape changed) => (room with { Bytes = MemoryRoom.Unlimited }).Has(MemoryEstimate.Of(header, weightBytes, changed));

        bool Fits(RunnerShape changed) => room.Has(MemoryEstimate.Of(header, weightBytes, changed));

        // The largest one: less context never needs more memory.
        long? FindContext(RunnerShape changed)
        {
            long low = LeastContext / RunnerShape.ContextStep;
            long high = (changed.Context - 1) / RunnerShape.ContextStep;
            if (high < low || !Fits(changed with { Context = low * RunnerShape.ContextStep }))
                return null;
            while (low < high)
            {
                long middle = (low + high + 1) / 2;
                (low, high) = Fits(changed with { Context = middle * RunnerShape.ContextStep }) ? (middle, high) : (low, middle - 1);
            }

            return low * RunnerShape.ContextStep;
        }
    }

    // From the smallest change to the largest.
    private static IEnumerable<(RunnerShape Shape, string[] Changes)> Candidates(RunnerShape shape)
    {
        const string NoPrompts = $"{RunnerShape.PromptCacheArgument} 0 in its args";
        yield return (shape, []);
        if (shape is { HasPromptCache: true, PromptCacheBytes: not 0 })
            yield return (shape with { PromptCacheBytes = 0 }, [NoPrompts]);
        string[] noDraft = [];
        if (shape is { Draft: not null, Mode: RunnerMode.Completion })
        {
            (shape, noDraft) = (shape with { Draft = null }, ["no draft model"]);
            yield return (shape, noDraft);
            if (shape.Slots == 1)
                yield return (shape with { PromptCacheBytes = 0 }, [.. noDraft, NoPrompts]);
        }

        if (shape.Slots == 1)
            yield break;

        string oneSlot = FormattableString.Invariant($"--parallel 1 in its args (now {shape.Slots})");

        // An argument for the context counts for all slots together, so one slot gets the whole of it.
        long context = shape.IsContextArgument ? shape.Context * shape.Slots : shape.Context;
        yield return (shape with { Slots = 1, Context = context, PromptCacheBytes = 0 }, shape.HasPromptCache ? [.. noDraft, oneSlot, NoPrompts] : [oneSlot]);
    }

    private static string Describe(RunnerShape changed, RunnerShape now) => now.IsContextArgument
        ? FormattableString.Invariant($"--ctx-size {changed.Context * changed.Slots} (now {now.Context * now.Slots})")
        : FormattableString.Invariant($"contextSize {changed.Context} (now {now.Context})");
}

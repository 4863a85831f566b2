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
        string least = FormattableString.Invariant($"{LeastContext} tokens of context");
        return shape is { Draft: not null, Mode: RunnerMode.Completion }
            ? $"it does not fit with one slot, {least} and no draft model either"
            : $"it does not fit with one slot and {least} either";
    }

    /// <summary>The part of the memory of a runner that its draft model needs, in a clause; null: it has none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="isNamed">Whether the clause names the draft model.</param>
    public static string? OfDraft(ModelEntry model, RunnerMode mode, bool isNamed = true) =>
        model.Draft is { } draft && model.Memory.GetValueOrDefault(mode)?.Draft is { } beside
            ? $"about {MemoryText.RoundUp(beside.Total)} MiB of that are for its draft model{(isNamed ? " " + draft.Reference : "")}"
            : null;

    // The change that takes the least away with which it fits; empty: none is needed; null: there is none.
    private static string? FindChange(GgufHeader header, long weightBytes, RunnerShape shape, MemoryRoom room)
    {
        if (Fits(shape))
            return "";
        string? layers = LayerAdvice.For(header.BlockCount, shape, FitsCards, Fits);
        RunnerShape usable = WithinTraining(header, shape);
        if ((FindOther(UsefulContext(usable), keepsSlots: true) ?? FindOther(LeastContext, keepsSlots: false)) is not { } other)
            return layers;
        return layers is null ? other : $"{layers}, or with {other}";

        // One slot has the longest context. So a short one is never divided.
        string? FindOther(long leastContext, bool keepsSlots)
        {
            foreach ((RunnerShape kept, string[] lost) in Losses(usable))
            {
                if (kept != shape && Fits(kept))
                    return Join(kept, lost);
                if (Fewer(kept).FirstOrDefault(Fits) is { } slots)
                    return Join(slots, lost);
                if ((keepsSlots || kept.Slots == 1) && FindContext(kept, leastContext) is { } context)
                    return Join(context, lost);
                if (Fewer(kept).LastOrDefault() is { } one && FindContext(one, leastContext) is { } both)
                    return Join(both, lost);
            }

            return null;
        }

        IEnumerable<RunnerShape> Fewer(RunnerShape kept) => FewerSlots(kept).Select(fewer => WithinTraining(header, fewer));

        string Join(RunnerShape changed, string[] lost) => string.Join(" and ", [.. Describe(changed, shape), .. lost]);

        bool FitsCards(RunnerShape changed) => (room with { Bytes = MemoryRoom.Unlimited }).Has(MemoryEstimate.Of(header, weightBytes, changed));

        bool Fits(RunnerShape changed) => room.Has(MemoryEstimate.Of(header, weightBytes, changed));

        // The largest one: less context never needs more memory.
        RunnerShape? FindContext(RunnerShape changed, long leastContext)
        {
            long low = leastContext / RunnerShape.ContextStep;
            long high = (changed.Context - 1) / RunnerShape.ContextStep;
            if (high < low || !Fits(changed with { Context = low * RunnerShape.ContextStep }))
                return null;
            while (low < high)
            {
                long middle = (low + high + 1) / 2;
                (low, high) = Fits(changed with { Context = middle * RunnerShape.ContextStep }) ? (middle, high) : (low, middle - 1);
            }

            return changed with { Context = low * RunnerShape.ContextStep };
        }
    }

    // A model makes nothing useful of a longer context, so nothing is lost, and a proposal must not have one.
    private static RunnerShape WithinTraining(GgufHeader header, RunnerShape shape) =>
        !shape.ExtendsContext && header.ContextLength > 0 && header.ContextLength < shape.Context ? shape with { Context = header.ContextLength } : shape;

    // A context that is shorter than this is worse than no prompt cache and no draft model.
    private static long UsefulContext(RunnerShape shape) =>
        Math.Max(LeastContext, Math.Min(AutoContext.Usual, shape.Context / 2 / RunnerShape.ContextStep * RunnerShape.ContextStep));

    // What is given up only if fewer slots and less context are not enough, from the smallest loss to the largest.
    private static IEnumerable<(RunnerShape Shape, string[] Changes)> Losses(RunnerShape shape)
    {
        const string NoPrompts = $"{RunnerShape.PromptCacheArgument} 0 in its args";
        const string NoDraft = "no draft model";
        bool hasPrompts = shape is { HasPromptCache: true, PromptCacheBytes: not 0 };
        yield return (shape, []);
        if (hasPrompts)
            yield return (shape with { PromptCacheBytes = 0 }, [NoPrompts]);
        if (shape is not { Draft: not null, Mode: RunnerMode.Completion })
            yield break;
        yield return (shape with { Draft = null }, [NoDraft]);
        if (hasPrompts)
            yield return (shape with { Draft = null, PromptCacheBytes = 0 }, [NoPrompts, NoDraft]);
    }

    // The most slots first. An argument for the context counts for all slots together, so fewer of them get more of it.
    private static IEnumerable<RunnerShape> FewerSlots(RunnerShape shape)
    {
        long whole = shape.Context * shape.Slots;
        for (int slots = shape.Slots - 1; slots > 0; slots--)
            yield return shape with { Slots = slots, Context = shape.IsContextArgument ? whole / slots : shape.Context };
    }

    private static IEnumerable<string> Describe(RunnerShape changed, RunnerShape now)
    {
        if (changed.Slots != now.Slots)
            yield return FormattableString.Invariant($"--parallel {changed.Slots} in its args (now {now.Slots})");
        if (!now.IsContextArgument)
        {
            if (changed.Context != now.Context)
                yield return FormattableString.Invariant($"contextSize {changed.Context} (now {now.Context})");
        }
        else if (changed.Context < (now.Context * now.Slots) / changed.Slots)
        {
            yield return FormattableString.Invariant($"--ctx-size {changed.Context * changed.Slots} (now {now.Context * now.Slots})");
        }
    }
}

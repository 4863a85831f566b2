using ModelRunner.Configuration;
using ModelRunner.Linux.Graphics;

namespace ModelRunner.Daemon.Runners;

/// <summary>Finds out which graphics card each device of an engine is.</summary>
internal static class CardMap
{
    // Drivers keep a little of the memory, and engines see what is left.
    private const double Difference = 0.1;

    private static readonly string[] Choices = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES"];

    /// <summary>Whether a variable hides cards from engines, or numbers them in another order.</summary>
    public static bool HasChoice => Choices.Any(static name => Environment.GetEnvironmentVariable(name) is { Length: > 0 });

    /// <summary>
    /// The cards by the names of the devices of several engines, which may name one card differently. A list that does not match is left out, and so is
    /// a name that means different cards. Null: nothing is certain.
    /// </summary>
    /// <param name="lists">The devices of each engine.</param>
    /// <param name="cards">The cards, in the order of the drivers.</param>
    /// <param name="hasChoice">Whether the order of the devices may be another one.</param>
    public static IReadOnlyDictionary<string, string>? MatchAll(
        IReadOnlyList<IReadOnlyList<EngineDevice>> lists, IReadOnlyList<CardMemory> cards, bool hasChoice)
    {
        ILookup<string, string> found = lists.SelectMany(devices => Match(devices, cards, hasChoice) ?? new Dictionary<string, string>(StringComparer.Ordinal))
            .Distinct().ToLookup(static pair => pair.Key, static pair => pair.Value, StringComparer.Ordinal);
        var map = found.Where(static names => names.Count() == 1)
            .ToDictionary(static names => names.Key, static names => names.First(), StringComparer.Ordinal);
        return map.Count == 0 ? null : map;
    }

    /// <summary>
    /// The cards by the names of the devices. As many devices as cards are in the same order. Otherwise a device is the only card of its size. Null: it is
    /// not certain for each of them.
    /// </summary>
    /// <param name="devices">The devices, in the order of the engine.</param>
    /// <param name="cards">The cards, in the order of the drivers.</param>
    /// <param name="hasChoice">Whether the order of the devices may be another one.</param>
    public static IReadOnlyDictionary<string, string>? Match(IReadOnlyList<EngineDevice> devices, IReadOnlyList<CardMemory> cards, bool hasChoice)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!hasChoice && devices.Count == cards.Count && devices.Zip(cards).All(static pair => IsLike(pair.First, pair.Second)))
        {
            foreach ((EngineDevice device, CardMemory card) in devices.Zip(cards))
                map[device.Name] = card.Card;
            return map;
        }

        foreach (EngineDevice device in devices)
        {
            CardMemory[] like = [.. cards.Where(card => IsLike(device, card))];
            if (like.Length != 1 || devices.Count(other => IsLike(other, like[0])) != 1)
                return null;
            map[device.Name] = like[0].Card;
        }

        return map;
    }

    private static bool IsLike(EngineDevice device, CardMemory card) =>
        Math.Abs((double)device.TotalBytes - card.TotalBytes) <= Difference * Math.Max(device.TotalBytes, card.TotalBytes);
}

using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Keeps the latest decisions in memory. Equal waits and refusals of one model, without another decision about it between them, are one entry
/// with a count. So many requests of one kind do not displace the other decisions. Thread-safe.
/// </summary>
internal sealed class DecisionLog
{
    /// <summary>The most decisions that are kept.</summary>
    public const int MaxDecisions = 500;

    private readonly Lock _lock = new();
    private readonly LinkedList<Decision> _decisions = [];

    // The entries that an equal decision is added to.
    private readonly Dictionary<RunnerKey, List<LinkedListNode<Decision>>> _repeatable = [];

    /// <summary>Adds a decision.</summary>
    public void Add(Decision decision)
    {
        lock (_lock)
        {
            bool isRepeatable = decision.Kind is DecisionKind.Wait or DecisionKind.Refuse;
            if (!isRepeatable)
                _repeatable.Remove(decision.Key);
            else if (FindEqual(decision) is { } earlier)
                decision = decision with { Count = Remove(earlier).Count + 1 };

            LinkedListNode<Decision> node = _decisions.AddLast(decision);
            if (isRepeatable && !_repeatable.TryAdd(decision.Key, [node]))
                _repeatable[decision.Key].Add(node);
            if (_decisions.Count > MaxDecisions)
                Remove(_decisions.First!);
        }
    }

    /// <summary>The latest decisions, the newest first.</summary>
    /// <param name="model">Only decisions about this canonical reference, or made for it; null: all.</param>
    /// <param name="limit">The most decisions.</param>
    public IReadOnlyList<Decision> List(string? model, int limit)
    {
        lock (_lock)
            return [.. _decisions.Reverse().Where(decision => model is null || IsAbout(decision, model)).Take(limit)];
    }

    private LinkedListNode<Decision>? FindEqual(Decision decision) => _repeatable.GetValueOrDefault(decision.Key)?
        .Find(node => node.Value.Kind == decision.Kind && string.Equals(node.Value.Reason, decision.Reason, StringComparison.Ordinal)
            && string.Equals(node.Value.By, decision.By, StringComparison.Ordinal));

    private Decision Remove(LinkedListNode<Decision> node)
    {
        _decisions.Remove(node);
        if (_repeatable.TryGetValue(node.Value.Key, out List<LinkedListNode<Decision>>? nodes) && nodes.Remove(node) && nodes.Count == 0)
            _repeatable.Remove(node.Value.Key);
        return node.Value;
    }

    private static bool IsAbout(Decision decision, string model) =>
        string.Equals(decision.Key.Model, model, StringComparison.Ordinal) || string.Equals(decision.Other?.Model, model, StringComparison.Ordinal);
}

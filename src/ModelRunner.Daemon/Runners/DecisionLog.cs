using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Keeps the latest decisions in memory. Equal decisions about one model in a row are one entry with a count, so that many refusals do not
/// displace the others. Thread-safe.
/// </summary>
internal sealed class DecisionLog
{
    /// <summary>The most decisions that are kept.</summary>
    public const int MaxDecisions = 500;

    private readonly Lock _lock = new();
    private readonly LinkedList<Decision> _decisions = [];
    private readonly Dictionary<RunnerKey, LinkedListNode<Decision>> _latest = [];

    /// <summary>Adds a decision.</summary>
    public void Add(Decision decision)
    {
        lock (_lock)
        {
            if (_latest.TryGetValue(decision.Key, out LinkedListNode<Decision>? latest) && IsRepeated(latest.Value, decision))
            {
                decision = decision with { Count = latest.Value.Count + 1 };
                _decisions.Remove(latest);
            }

            _latest[decision.Key] = _decisions.AddLast(decision);
            if (_decisions.Count > MaxDecisions)
                RemoveFirst();
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

    private static bool IsRepeated(Decision last, Decision next) =>
        next.Kind == DecisionKind.Refuse && last.Kind == DecisionKind.Refuse && string.Equals(last.Reason, next.Reason, StringComparison.Ordinal);

    private static bool IsAbout(Decision decision, string model) =>
        string.Equals(decision.Key.Model, model, StringComparison.Ordinal) || string.Equals(decision.Other?.Model, model, StringComparison.Ordinal);

    private void RemoveFirst()
    {
        LinkedListNode<Decision> first = _decisions.First!;
        _decisions.RemoveFirst();
        if (_latest.TryGetValue(first.Value.Key, out LinkedListNode<Decision>? latest) && latest == first)
            _latest.Remove(first.Value.Key);
    }
}

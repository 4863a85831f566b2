using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Soak;

/// <summary>When which model was hit by a fault.</summary>
internal sealed class SoakCalendar
{
    /// <summary>A model must answer again so long after the end of a fault.</summary>
    public static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<(string Model, TimeSpan From, TimeSpan To)> _hits = [];
    private readonly List<(string Model, TimeSpan At)> _unloads = [];

    /// <summary>The number of faults so far.</summary>
    public int Count => _hits.Count;

    /// <summary>Notes that a fault begins.</summary>
    public void Begin(string model)
    {
        lock (_lock)
            _hits.Add((model, Clock.Now, TimeSpan.MaxValue));
    }

    /// <summary>Notes that the latest fault ended.</summary>
    public void End()
    {
        lock (_lock)
            _hits[^1] = _hits[^1] with { To = Clock.Now + Recovery };
    }

    /// <summary>Notes that the models are unloaded now: requests that wait for them are refused.</summary>
    public void Unload(params IReadOnlyList<string> models)
    {
        lock (_lock)
            _unloads.AddRange(models.Select(static model => (model, Clock.Now)));
    }

    /// <summary>Whether a fault or an unload of its model may be the reason for the end of a request.</summary>
    public bool IsHit(Answer answer)
    {
        lock (_lock)
            return _hits.Any(hit => hit.Model == answer.Model && answer.EndedAt >= hit.From && answer.StartedAt <= hit.To)
                || (answer.Kind == AnswerKind.Refused && _unloads.Any(unload => unload.Model == answer.Model && answer.StartedAt <= unload.At && unload.At <= answer.EndedAt));
    }
}

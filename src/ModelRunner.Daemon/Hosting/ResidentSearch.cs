using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// What the attempts of one search for the models with <c>preload</c> have found so far. A model that could not be read again stays found. Not
/// thread-safe.
/// </summary>
internal sealed class ResidentSearch
{
    private readonly Dictionary<string, (RunnerKey Key, ModelEntry Model)> _found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ResidentProblem> _problems = new(StringComparer.Ordinal);
    private bool _isContinued;
    private Dictionary<RunnerKey, ModelEntry>? _taken;

    /// <summary>Whether nothing was taken yet.</summary>
    public bool IsFirst => _taken is null;

    /// <summary>Whether models that an unload stopped stay away. Only what a reload takes first brings them back.</summary>
    public bool KeepsUnloaded => !IsFirst || _isContinued;

    /// <summary>Whether a model was not found, or cannot be loaded.</summary>
    public bool HasProblem => _problems.Count > 0;

    /// <summary>
    /// The search after a client changed settings: it takes all models again, and knows which problems were reported. It brings back what was unloaded only
    /// if this search should have and has not yet.
    /// </summary>
    public ResidentSearch Continue()
    {
        var next = new ResidentSearch { _isContinued = KeepsUnloaded };
        foreach ((string reference, ResidentProblem problem) in _problems)
            next._problems[reference] = problem;
        foreach ((string reference, (RunnerKey, ModelEntry) found) in _found)
            next._found[reference] = found;
        return next;
    }

    /// <summary>The models that were found.</summary>
    public IEnumerable<(string Reference, RunnerKey Key)> Found => _found.Select(static found => (found.Key, found.Value.Key));

    /// <summary>The runner of a model that was found; null: it was not.</summary>
    public RunnerKey? KeyOf(string reference) => _found.TryGetValue(reference, out (RunnerKey Key, ModelEntry Model) found) ? found.Key : null;

    /// <summary>A model was found.</summary>
    public void Find(string reference, RunnerKey key, ModelEntry model)
    {
        _found[reference] = (key, model);
        _problems.Remove(reference);
    }

    /// <summary>A model cannot be loaded.</summary>
    /// <param name="problem">The model, and why.</param>
    /// <param name="isFinal">Whether that is certain; otherwise what an earlier attempt has found stays.</param>
    /// <returns>Whether the last attempt had another problem with it, or none.</returns>
    public bool Fail(ResidentProblem problem, bool isFinal)
    {
        if (isFinal)
            _found.Remove(problem.Reference);
        bool isNew = !_problems.TryGetValue(problem.Reference, out ResidentProblem? last) || last.Text != problem.Text
            || last.Pulled is null != problem.Pulled is null;
        _problems[problem.Reference] = problem;
        return isNew;
    }

    /// <summary>The models that were not found, or that cannot be loaded.</summary>
    /// <param name="references">Only these, in this order.</param>
    public IReadOnlyList<ResidentProblem> ListProblems(IEnumerable<string> references) =>
        [.. references.Select(reference => _problems.GetValueOrDefault(reference)).OfType<ResidentProblem>()];

    /// <summary>The models that were found; null: they are the same as the last ones that were taken, with the same files.</summary>
    /// <param name="references">Only these.</param>
    public IReadOnlyDictionary<RunnerKey, ModelEntry>? Take(IReadOnlyList<string> references)
    {
        var residents = new Dictionary<RunnerKey, ModelEntry>();
        foreach (string reference in references)
        {
            if (_found.TryGetValue(reference, out (RunnerKey Key, ModelEntry Model) found))
                residents[found.Key] = found.Model;
        }

        bool isSame = _taken is { } last && last.Count == residents.Count
            && residents.All(model => last.TryGetValue(model.Key, out ModelEntry? taken) && taken.HasSameFileAs(model.Value));
        if (isSame)
            return null;
        _taken = residents;
        return residents;
    }
}

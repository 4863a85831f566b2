namespace ModelRunner.Scheduling;

/// <summary>
/// How far each model is from each other one, in steps from one request to the next. Computed for a model when it is asked for, in buffers that are
/// reused. Not thread-safe.
/// </summary>
/// <param name="capacity">The most steps.</param>
/// <param name="farthest">A model that is farther away counts as one at this distance.</param>
internal sealed class StepDistances(int capacity, int farthest)
{
    private readonly Dictionary<RunnerKey, int> _numbers = [];
    private readonly int[] _from = new int[capacity];
    private readonly int[] _to = new int[capacity];
    private readonly int[] _leaving = new int[2 * capacity];
    private readonly double[] _sums = new double[2 * capacity];
    private readonly double[] _distances = new double[2 * capacity];
    private readonly double[]?[] _needs = new double[2 * capacity][];
    private readonly bool[] _isComputed = new bool[2 * capacity];
    private readonly double _least = NeedAt(farthest);
    private int _count;

    /// <summary>Removes all steps.</summary>
    public void Clear()
    {
        _numbers.Clear();
        Array.Clear(_leaving);
        Array.Clear(_isComputed);
        _count = 0;
    }

    /// <summary>Adds a step. Not after a question.</summary>
    public void Add(RunnerKey from, RunnerKey to)
    {
        _from[_count] = NumberOf(from);
        _to[_count] = NumberOf(to);
        _leaving[_from[_count]]++;
        _count++;
    }

    /// <summary>
    /// How much a client at each model needs this one, for <see cref="Find"/>: 1 if it is the next one, and half as much for each request before.
    /// </summary>
    public ReadOnlySpan<double> NeedsOf(RunnerKey model)
    {
        if (!_numbers.TryGetValue(model, out int number))
            return [];
        double[] needs = _needs[number] ??= new double[2 * capacity];
        if (!_isComputed[number])
        {
            _isComputed[number] = true;
            Compute(number);
            for (int i = 0; i < _numbers.Count; i++)
                needs[i] = NeedAt(_distances[i]);
        }

        return needs;
    }

    /// <summary>The need of a client at this model, of the needs that <see cref="NeedsOf"/> returned.</summary>
    public double Find(ReadOnlySpan<double> needs, RunnerKey at) =>
        !needs.IsEmpty && _numbers.TryGetValue(at, out int number) ? needs[number] : _least;

    private static double NeedAt(double distance) => Math.Pow(2, 1 - distance);

    private int NumberOf(RunnerKey model)
    {
        if (!_numbers.TryGetValue(model, out int number))
            _numbers.Add(model, number = _numbers.Count);
        return number;
    }

    // The expected number of requests from one for a model until one for this model, where each step has the frequency of the remembered ones.
    private void Compute(int model)
    {
        Array.Clear(_distances);
        for (int round = 1; round <= farthest; round++)
        {
            Array.Clear(_sums, 0, _numbers.Count);
            for (int step = 0; step < _count; step++)
                _sums[_from[step]] = _sums[_from[step]] + 1 + (_to[step] == model ? 0 : _distances[_to[step]]);

            // From a model without a step, none is reached.
            for (int i = 0; i < _numbers.Count; i++)
                _distances[i] = _leaving[i] > 0 ? _sums[i] / _leaving[i] : round;
        }
    }
}

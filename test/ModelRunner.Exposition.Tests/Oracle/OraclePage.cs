namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>Merges sources by the rules of the design, slowly: everything is a string, every question is asked anew.</summary>
internal sealed class OraclePage
{
    private readonly OracleDeclarations _declarations;
    private readonly Dictionary<string, List<OracleSample>> _samples = [];
    private readonly Dictionary<string, string> _familyOf = [];
    private readonly Dictionary<string, MetricType> _typeOf = [];

    /// <summary>Merges.</summary>
    /// <param name="sources">In the order in which they were added.</param>
    public OraclePage(IReadOnlyList<OracleSource> sources)
    {
        _declarations = new OracleDeclarations(sources);
        foreach (var sample in sources.SelectMany(source => source.Samples))
            ListOf(sample.Name).Add(sample);
        foreach (var name in _samples.Keys.Concat(_declarations.TypedNames).Distinct().ToArray())
        {
            _familyOf[name] = name;
            _typeOf.TryAdd(name, _declarations.TypeOf(name));
        }

        foreach (var name in _declarations.TypedNames)
            ResolveSpan(name);
        Families = Build(sources);
    }

    public IReadOnlyList<OracleFamily> Families { get; }

    /// <summary>Samples that are not on the page because their series stands there already.</summary>
    public int Duplicates { get; private set; }

    public byte[] ToBytes() => ByteText.ToBytes(string.Concat(Families));

    private List<OracleSample> ListOf(string name)
    {
        if (!_samples.TryGetValue(name, out var samples))
            _samples[name] = samples = [];
        return samples;
    }

    private static string[] Suffixes(MetricType type) => type switch
    {
        MetricType.Histogram => ["_bucket", "_count", "_sum"],
        MetricType.Summary => ["_sum", "_count"],
        MetricType.GaugeHistogram => ["_bucket", "_gcount", "_gsum"],
        _ => [],
    };

    // A histogram or summary keeps its type only where all its names are its own and expfmt can read its samples.
    private void ResolveSpan(string root)
    {
        var type = _declarations.TypeOf(root);
        var members = Suffixes(type).Select(suffix => root + suffix).ToArray();
        if (members.Length == 0)
            return;
        if (type != MetricType.GaugeHistogram && IsWhole(root, type, members))
        {
            foreach (var member in members.Where(_samples.ContainsKey))
                _familyOf[member] = root;
            return;
        }

        _typeOf[root] = MetricType.Untyped;
        foreach (var member in members.Where(member => !_declarations.IsOwnFamily(member) && Suffixes(_declarations.TypeOf(member)).Length == 0))
            _typeOf[member] = type == MetricType.GaugeHistogram ? MetricType.Gauge : MetricType.Untyped;
    }

    private bool IsWhole(string root, MetricType type, string[] members)
    {
        // A TYPE alone, without a sample, writes nothing and so disturbs nobody.
        if (members.Any(HasOwnLife) || (type == MetricType.Histogram && _samples.ContainsKey(root)))
            return false;
        var samples = members.Append(root).Where(_samples.ContainsKey).SelectMany(ListOf).ToArray();
        if (samples.Any(sample => sample.Labels.Any(label => label.Name is "le" or "quantile" && !OracleNumber.IsBound(label.Value))))
            return false;
        return type != MetricType.Histogram || !samples.Any(sample => sample.Name != root + "_sum" && sample.Value[0] == '-');
    }

    private bool HasOwnLife(string name) =>
        _declarations.IsOwnFamily(name) || _declarations.TypeOf(name) is MetricType.Histogram or MetricType.Summary;

    private List<OracleFamily> Build(IReadOnlyList<OracleSource> sources)
    {
        var ordered = sources.Select((source, index) => (source, index))
            .OrderBy(item => item.source.IsOwn ? 0 : 1).ThenBy(item => item.source, new TargetOrder()).ThenBy(item => item.index)
            .Select(item => item.source).ToArray();
        var series = new HashSet<string>();
        var families = new Dictionary<string, List<OracleSample>>();
        foreach (var (source, sample) in ordered.SelectMany(source => source.Samples.Select(sample => (source, sample))))
        {
            var whole = source.WithTarget(sample);
            if (!series.Add(whole.Series))
            {
                Duplicates++;
                source.Drop(ExpositionErrorReason.DuplicateSeries);
                continue;
            }

            var family = _familyOf[sample.Name];
            if (!families.TryGetValue(family, out var samples))
                families[family] = samples = [];
            samples.Add(whole);
        }

        return [.. families.OrderBy(family => family.Key, StringComparer.Ordinal)
            .Select(family => new OracleFamily(family.Key, _typeOf[family.Key], _declarations.HelpOf(family.Key), family.Value))];
    }

    private sealed class TargetOrder : IComparer<OracleSource>
    {
        public int Compare(OracleSource? x, OracleSource? y)
        {
            var (left, right) = (x!.TargetLabels, y!.TargetLabels);
            for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
            {
                var order = string.CompareOrdinal(left[i].Value, right[i].Value);
                if (order != 0)
                    return order;
            }

            return left.Count.CompareTo(right.Count);
        }
    }
}

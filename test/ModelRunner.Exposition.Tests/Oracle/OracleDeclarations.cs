namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>What the sources say about each name, in the names of text: an OpenMetrics counter <c>x</c> is <c>x_total</c> here.</summary>
internal sealed class OracleDeclarations
{
    private readonly Dictionary<string, HashSet<MetricType>> _types = [];
    private readonly Dictionary<string, List<string>> _helps = [];
    private readonly HashSet<string> _ownFamilies = [];
    private readonly HashSet<string> _created = [];

    public OracleDeclarations(IReadOnlyList<OracleSource> sources)
    {
        foreach (var source in sources)
        {
            AddHelps(source);
            foreach (var line in source.Metadata.Where(line => line.Type is not null))
                Declare(source, TextName(source, line.Name, line.Type), line.Type!.Value);
        }

        foreach (var name in sources.Where(source => source.IsOpenMetrics).SelectMany(source => source.Samples).Select(sample => sample.Name).Distinct())
        {
            if (!IsTyped(name) && IsCreated(name))
                _created.Add(name);
        }
    }

    /// <summary>Every name that was declared with a type.</summary>
    public IEnumerable<string> TypedNames => _types.Keys;

    public bool IsTyped(string name) => _types.ContainsKey(name);

    /// <summary>Whether a source declares a type for the name and has samples of it, too.</summary>
    public bool IsOwnFamily(string name) => _ownFamilies.Contains(name);

    public MetricType TypeOf(string name)
    {
        if (_created.Contains(name))
            return MetricType.Gauge;
        if (!_types.TryGetValue(name, out var types))
            return MetricType.Untyped;
        return types.Count == 1 ? types.Single() : types.All(IsGaugeInText) ? MetricType.Gauge : MetricType.Untyped;
    }

    /// <summary>The help that most sources gave; of equally frequent ones the first in the order of the bytes.</summary>
    public string? HelpOf(string name) => !_helps.TryGetValue(name, out var helps) ? null : helps
        .GroupBy(help => help, StringComparer.Ordinal).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).First().Key;

    public int TypeConflicts => _types.Values.Count(types => types.Count > 1 && !types.All(IsGaugeInText));

    private static bool IsGaugeInText(MetricType type) => type is MetricType.Gauge or MetricType.Info or MetricType.StateSet;

    private void Declare(OracleSource source, string name, MetricType type)
    {
        if (!_types.TryGetValue(name, out var types))
            _types[name] = types = [];
        types.Add(type);
        if (source.Samples.Any(sample => sample.Name == name))
            _ownFamilies.Add(name);
    }

    private void AddHelps(OracleSource source)
    {
        var seen = new HashSet<string>();
        for (var index = 0; index < source.Metadata.Count; index++)
        {
            var line = source.Metadata[index];
            if (line.Keyword != "HELP")
                continue;
            var name = TextName(source, line.Name, source.IsOpenMetrics ? TypeBeside(source.Metadata, index) : null);
            if (!seen.Add(name))
                continue;
            if (!_helps.TryGetValue(name, out var helps))
                _helps[name] = helps = [];
            helps.Add(ByteText.Unescape(line.Text, quotes: source.IsOpenMetrics));
        }
    }

    // In OpenMetrics HELP, TYPE and UNIT of a family stand side by side, in any order.
    private static MetricType? TypeBeside(List<OracleMetadata> lines, int index)
    {
        var name = lines[index].Name;
        while (index > 0 && lines[index - 1].Name == name)
            index--;
        return lines.Skip(index).TakeWhile(line => line.Name == name).FirstOrDefault(line => line.Type is not null)?.Type;
    }

    private static string TextName(OracleSource source, string name, MetricType? type)
    {
        var suffix = !source.IsOpenMetrics ? "" : type switch { MetricType.Counter => "_total", MetricType.Info => "_info", _ => "" };
        return name.EndsWith(suffix, StringComparison.Ordinal) ? name : name + suffix;
    }

    // A creation time is a part of its family in OpenMetrics and a gauge of its own in text.
    private bool IsCreated(string name)
    {
        if (!name.EndsWith("_created", StringComparison.Ordinal))
            return false;
        var root = name[..^"_created".Length];
        return TypeOf(root) is MetricType.Histogram or MetricType.Summary || TypeOf(root + "_total") == MetricType.Counter;
    }
}

using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Assigns each family its name and type in OpenMetrics, where a family owns its name with every suffix of its type. A family that would own a
/// name of another one loses its type, so that the name stays free: <c>foo_total</c> beside a gauge <c>foo</c> becomes unknown.
/// </summary>
internal sealed class OpenMetricsNames
{
    private readonly NameTable _claims = new();
    private readonly ByteBuilder _name = new();
    private OpenMetricsFamily[] _families = [];

    public ref OpenMetricsFamily this[int family] => ref _families[family];

    public void Resolve(PageIndex index, FamilyList families)
    {
        var all = families.Families;
        if (_families.Length < all.Length)
            _families = new OpenMetricsFamily[Math.Max(all.Length, DebugSizes.Pick(64, 1))];
        _claims.Clear();
        for (var number = 0; number < all.Length; number++)
        {
            var length = index.Names.Name(all[number].Name).Length;
            _families[number] = new OpenMetricsFamily
            {
                Type = MetricType.Untyped,
                NameLength = length,
                Created = -1,
                Count = -1,
                Sum = -1,
                Owner = -1,
            };
        }

        for (var number = 0; number < all.Length; number++)
            Resolve(index, families, number);
    }

    /// <summary>The arrays are never longer than a page needs.</summary>
    public void Clear()
    {
        _claims.Clear();
        if (_families.Length > 16 * 1024)
            _families = [];
    }

    private void Resolve(PageIndex index, FamilyList families, int number)
    {
        var family = families.Families[number];
        ref var result = ref _families[number];
        var name = index.Names.Name(family.Name);
        if (index.Names[family.Name].GaugeRoot >= 0)
        {
            ResolvePart(index, families, number);
            return;
        }

        var suffix = family.Type switch { MetricType.Counter => "_total"u8, MetricType.Info => "_info"u8, _ => default };
        if (!suffix.IsEmpty && (!name.EndsWith(suffix) || name.Length == suffix.Length))
            return;
        var length = name.Length - suffix.Length;
        // The family x_total of a counter x_total_total would be read as that of x, also by this library.
        if (!suffix.IsEmpty && name[..length].EndsWith(suffix))
            return;
        var created = -1;
        if (HasSuffixes(family.Type) && !TryClaim(index, families, family, name[..length], out created))
            return;
        result.Type = family.Type;
        result.NameLength = length;
        result.Created = created;
        if (created >= 0)
            _families[created].Owner = number;
    }

    // The parts of a gauge histogram are gauges, unless the bucket family can take over all of them.
    private void ResolvePart(PageIndex index, FamilyList families, int number)
    {
        var name = families.Families[number].Name;
        var root = index.Names[name].GaugeRoot;
        ref var result = ref _families[number];
        result.Type = MetricType.Gauge;
        if (index.Names.Find(root, "_bucket"u8) != name)
            return;
        ReadOnlySpan<byte> rootName = index.Names.Name(root);
        for (var part = -1; part < FamilyMembership.MaxSuffixes; part++)
        {
            Compose(rootName, part < 0 ? default : FamilyMembership.Suffix(MetricType.GaugeHistogram, part));
            if (_claims.Find(_name.Written) >= 0)
                return;
        }

        for (var part = -1; part < FamilyMembership.MaxSuffixes; part++)
        {
            Compose(rootName, part < 0 ? default : FamilyMembership.Suffix(MetricType.GaugeHistogram, part));
            _claims.GetOrAdd(_name.Written);
        }

        result.Type = MetricType.GaugeHistogram;
        result.NameLength = rootName.Length;
        result.Count = FindPart(index, families, index.Names.Find(root, "_gcount"u8), number);
        result.Sum = FindPart(index, families, index.Names.Find(root, "_gsum"u8), number);
    }

    private int FindPart(PageIndex index, FamilyList families, int name, int owner)
    {
        var part = name < 0 ? -1 : families.Find(index, name);
        if (part >= 0)
            _families[part].Owner = owner;
        return part;
    }

    private void Compose(ReadOnlySpan<byte> root, ReadOnlySpan<byte> suffix)
    {
        _name.Clear();
        _name.Append(root);
        _name.Append(suffix);
    }

    private static bool HasSuffixes(MetricType type) =>
        type is MetricType.Counter or MetricType.Info or MetricType.Histogram or MetricType.Summary;

    private bool TryClaim(PageIndex index, FamilyList families, Family family, ReadOnlySpan<byte> root, out int created)
    {
        created = -1;
        for (var pass = 0; pass < 2; pass++)
        {
            for (var number = 0; !Suffix(family.Type, number).IsEmpty || number == 0; number++)
            {
                Compose(root, Suffix(family.Type, number));
                if (pass == 1)
                    _claims.GetOrAdd(_name.Written);
                else if (!IsFree(index, families, family, Suffix(family.Type, number), ref created))
                    return false;
            }
        }

        return true;
    }

    // Number 0 is the name without suffix.
    private static ReadOnlySpan<byte> Suffix(MetricType type, int number) => (type, number) switch
    {
        (MetricType.Info, 1) => "_info"u8,
        (MetricType.Counter, 1) => "_total"u8,
        (MetricType.Histogram, 1) => "_bucket"u8,
        (MetricType.Histogram, 3) or (MetricType.Summary, 1) => "_sum"u8,
        (MetricType.Histogram, 4) or (MetricType.Summary, 2) => "_count"u8,
        (MetricType.Histogram, 2) or (MetricType.Summary, 3) or (MetricType.Counter, 2) => "_created"u8,
        _ => default,
    };

    private bool IsFree(PageIndex index, FamilyList families, Family family, ReadOnlySpan<byte> suffix, ref int created)
    {
        if (_claims.Find(_name.Written) >= 0)
            return false;
        var found = index.Names.Find(_name.Written);
        if (found < 0 || index.Names[found].Family == family.Name || index.Names[found].FirstSpan < 0)
            return true;
        if (index.Names[found].Family != found || !suffix.SequenceEqual("_created"u8))
            return false;
        created = families.Find(index, found);
        return created >= 0 && families.Families[created].Type is MetricType.Gauge or MetricType.Untyped;
    }
}

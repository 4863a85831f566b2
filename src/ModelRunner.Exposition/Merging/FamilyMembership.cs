namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Decides which family each name belongs to and which type each family has. Only this class decides that, and always from the declarations of
/// all sources together, because readers see one page.
/// </summary>
/// <remarks>
/// A suffix is removed only if a histogram or summary of the rest is declared; <c>_total</c> is never removed. A histogram or summary keeps its
/// type only if no other family has one of its names: <c>x</c>, <c>x_bucket</c>, <c>x_sum</c>, <c>x_count</c>. Otherwise each of these names
/// becomes an untyped family, because expfmt, which promtool uses, refuses a second TYPE for one of them.
/// </remarks>
internal static class FamilyMembership
{
    /// <summary>The most suffixes of a type.</summary>
    public const int MaxSuffixes = 3;

    /// <summary>Resolves all names. Can be called again after more sources are added.</summary>
    public static void Resolve(NameTable names, int[] conflicts)
    {
        Array.Clear(conflicts);
        for (var index = 0; index < names.Count; index++)
        {
            ref var entry = ref names[index];
            entry.Family = index;
            entry.GaugeRoot = -1;
            entry.PageType = IsCreationTime(names, index) ? MetricType.Gauge : entry.DeclaredType;
            conflicts[(int)MergeConflict.Type] += entry.HasTypeConflict ? 1 : 0;
        }

        for (var index = 0; index < names.Count; index++)
        {
            var type = names[index].DeclaredType;
            if (type is MetricType.Histogram or MetricType.Summary or MetricType.GaugeHistogram)
                ResolveSpan(names, index, type, conflicts);
        }
    }

    /// <summary>The suffixes of the samples of a type, numbered from 0; empty after the last.</summary>
    public static ReadOnlySpan<byte> Suffix(MetricType type, int number) => (type, number) switch
    {
        (MetricType.Histogram, 0) or (MetricType.GaugeHistogram, 0) => "_bucket"u8,
        (MetricType.Histogram, 1) or (MetricType.Summary, 1) => "_count"u8,
        (MetricType.Histogram, 2) or (MetricType.Summary, 0) => "_sum"u8,
        (MetricType.GaugeHistogram, 1) => "_gcount"u8,
        (MetricType.GaugeHistogram, 2) => "_gsum"u8,
        _ => default,
    };

    // In OpenMetrics the creation time belongs to its family; in text it is a gauge of its own, as client libraries write it.
    private static bool IsCreationTime(NameTable names, int index)
    {
        ref readonly var entry = ref names[index];
        var name = names.Name(index);
        if (entry.HasType || !entry.HasOpenMetricsSamples || !name.EndsWith("_created"u8))
            return false;
        var root = names.Find(name[..^"_created".Length]);
        if (root >= 0 && names[root].DeclaredType is MetricType.Histogram or MetricType.Summary)
            return true;
        Span<byte> total = name.Length <= 256 ? stackalloc byte[256] : new byte[name.Length];
        name.CopyTo(total);
        "_total"u8.CopyTo(total[(name.Length - "_created".Length)..]);
        root = names.Find(total[..(name.Length - "_created".Length + "_total".Length)]);
        return root >= 0 && names[root].DeclaredType == MetricType.Counter;
    }

    private static void ResolveSpan(NameTable names, int root, MetricType type, int[] conflicts)
    {
        Span<int> members = stackalloc int[MaxSuffixes];
        var count = 0;
        for (var number = 0; number < MaxSuffixes; number++)
        {
            var suffix = Suffix(type, number);
            var member = suffix.IsEmpty ? -1 : names.Find(root, suffix);
            if (member >= 0)
                members[count++] = member;
        }

        members = members[..count];
        var conflict = FindConflict(names, root, type, members);
        if (conflict is { } kind)
            conflicts[(int)kind]++;
        if (conflict is null && type != MetricType.GaugeHistogram)
        {
            foreach (var member in members)
                names[member].Family = root;
            return;
        }

        // Text has no gauge histograms: their parts are gauges there.
        names[root].PageType = MetricType.Untyped;
        var isGaugeHistogram = conflict is null && names[root].FirstSpan < 0 && !HasBadBound(names, members);
        foreach (var member in members)
        {
            var isRoot = names[member].DeclaredType is MetricType.Histogram or MetricType.Summary or MetricType.GaugeHistogram;
            if (!names[member].IsOwnFamily && !isRoot)
                names[member].PageType = type == MetricType.GaugeHistogram ? MetricType.Gauge : MetricType.Untyped;
            if (isGaugeHistogram)
                names[member].GaugeRoot = root;
        }
    }

    private static MergeConflict? FindConflict(NameTable names, int root, MetricType type, ReadOnlySpan<int> members)
    {
        var flags = names[root].Flags;
        foreach (var member in members)
        {
            // A TYPE line without samples writes nothing, so it conflicts with nothing.
            if (names[member].IsOwnFamily || names[member].DeclaredType is MetricType.Histogram or MetricType.Summary)
                return MergeConflict.Suffix;
            flags |= names[member].Flags;
        }

        if (type == MetricType.GaugeHistogram)
            return null;
        // A sample without suffix is a quantile in a summary; in a histogram it belongs to another family.
        if (type == MetricType.Histogram && names[root].FirstSpan >= 0)
            return MergeConflict.Suffix;
        if ((flags & SampleFlags.HasBadBound) != SampleFlags.None)
            return MergeConflict.InvalidHistogram;
        return type == MetricType.Histogram && HasNegativeCount(names, members) ? MergeConflict.InvalidHistogram : null;
    }

    private static bool HasBadBound(NameTable names, ReadOnlySpan<int> members)
    {
        foreach (var member in members)
        {
            if ((names[member].Flags & SampleFlags.HasBadBound) != SampleFlags.None)
                return true;
        }

        return false;
    }

    private static bool HasNegativeCount(NameTable names, ReadOnlySpan<int> members)
    {
        foreach (var member in members)
        {
            var isSum = names.Name(member).EndsWith("_sum"u8);
            if (!isSum && (names[member].Flags & SampleFlags.IsNegative) != SampleFlags.None)
                return true;
        }

        return false;
    }
}

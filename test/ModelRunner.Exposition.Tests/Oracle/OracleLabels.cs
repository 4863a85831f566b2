namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>The rule of Prometheus for labels of a source whose names the target has taken.</summary>
internal static class OracleLabels
{
    public static IReadOnlyList<OracleLabel> Rename(IReadOnlyList<OracleLabel> labels, IReadOnlyList<OracleLabel> target)
    {
        var result = labels.ToArray();
        var clashes = Enumerable.Range(0, result.Length)
            .Where(index => target.Any(label => label.Name == result[index].Name))
            .OrderBy(index => result[index].Name.Length).ThenBy(index => result[index].Name, StringComparer.Ordinal).ToList();
        var taken = target.Where(label => label.Value.Length > 0).Concat(result.Where((_, index) => !clashes.Contains(index)))
            .Select(label => label.Name).ToHashSet();
        foreach (var index in clashes)
        {
            var name = result[index].Name;
            do
                name = "exported_" + name;
            while (!taken.Add(name));
            result[index] = result[index] with { Name = name };
        }

        return result;
    }
}

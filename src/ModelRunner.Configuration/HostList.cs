namespace ModelRunner.Configuration;

/// <summary>Reads the host names that are served besides local ones.</summary>
internal static class HostList
{
    private const int MaxName = 253;

    /// <summary>The names in lower case and without a final dot.</summary>
    public static IReadOnlyList<string> Resolve(OptionReader reader)
    {
        if (reader.Written.Find(ConfigurationCatalog.AllowedHosts) is not { } written)
            return [];

        IEnumerable<string> texts = written.Items ?? written.Text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var names = new List<string>();
        foreach (string text in texts.Select(static text => text.Trim()))
        {
            string name = text.TrimEnd('.').ToLowerInvariant();
            if (IsName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name))
                names.Add(name);
            else
                reader.Report(written with { Text = text }, ConfigurationCatalog.AllowedHosts);
        }

        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    // Container networks also use underscores in names.
    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxName
        && name.Split('.').All(static label => label.Length is > 0 and <= 63
            && label.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'));
}

using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>Checks the members of the file against the catalogue: unknown keys and wrong types are problems.</summary>
internal sealed class ConfigurationFileReader(ConfigurationFile file, List<ConfigurationProblem> problems)
{
    private static readonly Dictionary<string, ConfigurationOption> Options = ConfigurationCatalog.All
        .Where(static option => option.FileKey is not null)
        .ToDictionary(static option => option.FileKey!, StringComparer.Ordinal);

    private static readonly HashSet<string> Sections = Options.Keys
        .Where(static key => key.Contains('.', StringComparison.Ordinal))
        .Select(static key => key[..key.IndexOf('.', StringComparison.Ordinal)])
        .ToHashSet(StringComparer.Ordinal);

    public void Read(FileNode root)
    {
        if (!Expect(root, JsonValueKind.Object, "an object with the options"))
            return;

        foreach ((string name, FileNode node) in root.Members)
        {
            if (name == "models")
                file.Models = Expect(node, JsonValueKind.Object, "an object with a member for each model") ? node : null;
            else if (name == "engines")
                file.Engines = Expect(node, JsonValueKind.Object, "an object with a member for each engine") ? node : null;
            else if (name == "runners")
                file.Runners = Expect(node, JsonValueKind.Array, "a list of attached runners") ? node : null;
            else if (name == "keys")
                file.Keys = Expect(node, JsonValueKind.Object, "an object with a member for each key") ? node : null;
            else if (Sections.Contains(name))
                ReadSection(name, node);
            else if (name != "$schema")
                ReadOption(node, name, Sections.Concat(["models", "engines", "runners", "keys"]), "");
        }
    }

    private void ReadSection(string section, FileNode node)
    {
        if (!Expect(node, JsonValueKind.Object, "an object"))
            return;

        foreach ((string name, FileNode member) in node.Members)
            ReadOption(member, $"{section}.{name}", [], section + ".");
    }

    private void ReadOption(FileNode node, string key, IEnumerable<string> others, string prefix)
    {
        if (!Options.TryGetValue(key, out ConfigurationOption? option))
        {
            IEnumerable<string> siblings = Options.Keys.Where(known => known.StartsWith(prefix, StringComparison.Ordinal));
            ReportUnknown(file, node, key, siblings.Concat(others), problems);
        }
        else if (ReadText(node, option.Kind) is { } written)
        {
            file.Values[key] = written;
        }
        else
        {
            problems.Add(new ConfigurationProblem(file.LocationOf(node), null, $"is {node.KindName}", $"write {JsonForm(option)}"));
        }
    }

    /// <summary>Reports an unknown key, and the most similar known key.</summary>
    public static void ReportUnknown(
        ConfigurationFile file, FileNode node, string key, IEnumerable<string> known, List<ConfigurationProblem> problems)
    {
        string? closest = Spelling.Closest(key, known);
        string remedy = closest is null ? "remove it; docs/configuration.md lists the keys" : $"did you mean {closest}?";
        problems.Add(new ConfigurationProblem(file.LocationOf(node), null, "is not a known key", remedy));
    }

    private WrittenValue? ReadText(FileNode node, OptionKind kind)
    {
        bool isList = node.Kind == JsonValueKind.Array && node.Items.All(static item => item.Kind == JsonValueKind.String);
        bool fits = kind switch
        {
            OptionKind.Integer => node.Kind == JsonValueKind.Number,
            OptionKind.Duration or OptionKind.KeepAlive or OptionKind.Bytes or OptionKind.Rate => node.Kind is JsonValueKind.String or JsonValueKind.Number,
            OptionKind.Switch => node.Kind is JsonValueKind.True or JsonValueKind.False,
            OptionKind.Origins or OptionKind.Hosts or OptionKind.Servers or OptionKind.Mirrors or OptionKind.Sources or OptionKind.Arguments =>
                isList || node.Kind == JsonValueKind.String,
            _ => node.Kind == JsonValueKind.String,
        };
        if (!fits)
            return null;

        string[]? items = isList ? [.. node.Items.Select(static item => item.Text)] : null;
        return new WrittenValue(file.LocationOf(node), items is null ? node.Text : string.Join(',', items), OptionSource.File, items);
    }

    private bool Expect(FileNode node, JsonValueKind kind, string wanted)
    {
        if (node.Kind == kind)
            return true;

        problems.Add(new ConfigurationProblem(file.LocationOf(node), null, $"is {node.KindName}", $"write {wanted}"));
        return false;
    }

    private static string JsonForm(ConfigurationOption option) => option.Kind switch
    {
        OptionKind.Switch => "true or false, without quotes",
        OptionKind.Integer => $"{option.Expected}, without quotes",
        OptionKind.Origins or OptionKind.Hosts or OptionKind.Servers or OptionKind.Mirrors or OptionKind.Sources or OptionKind.Arguments =>
            $"a list of strings, or one string: {option.Expected}",
        OptionKind.Duration or OptionKind.KeepAlive or OptionKind.Bytes or OptionKind.Rate => option.Expected,
        _ => $"a string in quotes: {option.Expected}",
    };
}

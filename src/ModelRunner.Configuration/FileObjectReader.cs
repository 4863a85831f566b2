using System.Globalization;
using System.Text.Json;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Configuration;

/// <summary>Reads the members of one object in the lists of the file. Each known member is read once; the remaining ones are unknown.</summary>
internal sealed class FileObjectReader(ConfigurationFile file, FileNode node, List<ConfigurationProblem> problems)
{
    private readonly List<string> _known = [];

    public string Location => file.LocationOf(node);

    /// <summary>A string; null if it is missing or something else.</summary>
    public WrittenValue? Text(string name) => Find(name, JsonValueKind.String, "a string in quotes") is { } member ? Written(member) : null;

    /// <summary>A string; null if it is missing, is the JSON value <c>null</c>, or is something else, which is a problem.</summary>
    public WrittenValue? TextOrNull(string name) => Member(name) is { Kind: JsonValueKind.Null } ? null : Text(name);

    /// <summary>A required string; its absence is a problem.</summary>
    public WrittenValue? RequiredText(string name, string meaning)
    {
        WrittenValue? text = Text(name);
        if (text is null && !node.Members.Any(member => member.Key == name))
            problems.Add(new ConfigurationProblem(Location, null, $"lacks {name}", $"add {name}, {meaning}"));
        return text;
    }

    /// <summary>A whole number within limits; null if it is missing or something else.</summary>
    public int? Integer(string name, int minimum, int maximum) => (int?)Number(name, minimum, maximum);

    /// <inheritdoc cref="Integer"/>
    public long? Number(string name, long minimum, long maximum)
    {
        if (Find(name, JsonValueKind.Number, "a whole number") is not { Kind: JsonValueKind.Number } member)
            return null;
        if (long.TryParse(member.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            && value >= minimum && value <= maximum)
            return value;

        problems.Add(new ConfigurationProblem(
            file.LocationOf(member), member.Text, $"is not a whole number from {minimum} to {maximum}", "change it or leave it out"));
        return null;
    }

    /// <summary>A number from 0 to 1; null if it is missing or something else.</summary>
    public double? Fraction(string name)
    {
        if (Find(name, JsonValueKind.Number, "a number from 0 to 1") is not { Kind: JsonValueKind.Number } member)
            return null;
        if (double.TryParse(member.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= 1)
            return value;

        problems.Add(new ConfigurationProblem(file.LocationOf(member), member.Text, "is not a number from 0 to 1", "change it or leave it out"));
        return null;
    }

    /// <summary>A size in bytes, as a text such as 8GiB or as a number; null if it is missing or something else.</summary>
    public long? Size(string name, long minimum, long maximum)
    {
        if (node.Members.FirstOrDefault(member => member.Key == name).Value is not { Kind: JsonValueKind.String } member)
            return Number(name, minimum, maximum);
        _known.Add(name);
        if (ByteSizeText.TryParse(member.Text, out long bytes) && bytes >= minimum && bytes <= maximum)
            return bytes;

        problems.Add(new ConfigurationProblem(
            file.LocationOf(member), member.Text, $"is not a size from {ByteSizeText.Format(minimum)} to {ByteSizeText.Format(maximum)}",
            "write a size such as 512MiB or 8GiB, or a number of bytes"));
        return null;
    }

    /// <summary>A whole number within limits, or a word in place of it; neither if it is missing or something else.</summary>
    public (int? Number, bool IsWord) IntegerOr(string word, string name, int minimum, int maximum)
    {
        if (node.Members.FirstOrDefault(member => member.Key == name).Value is not { Kind: JsonValueKind.String } member)
            return (Integer(name, minimum, maximum), false);
        _known.Add(name);
        if (string.Equals(member.Text, word, StringComparison.Ordinal))
            return (null, true);

        problems.Add(new ConfigurationProblem(
            file.LocationOf(member), member.Text, $"is not a whole number from {minimum} to {maximum} or \"{word}\"", "write the number without quotes"));
        return (null, false);
    }

    /// <summary>How long something stays loaded, as string or number of seconds, by the rules of that option.</summary>
    public TimeSpan? KeepAlive(string name) => Time(name, ConfigurationCatalog.KeepAlive, static (string text, out TimeSpan value) =>
        DurationText.TryParseKeepAlive(text, out value) && value.TotalMilliseconds <= ConfigurationCatalog.KeepAlive.Maximum);

    /// <summary>A duration as string or number of seconds, by the rules of an option.</summary>
    public TimeSpan? Duration(string name, ConfigurationOption option) => Time(name, option, (string text, out TimeSpan value) =>
        DurationText.TryParse(text, out value) && value.TotalMilliseconds >= option.Minimum && value.TotalMilliseconds <= option.Maximum);

    private TimeSpan? Time(string name, ConfigurationOption option, TimeParser parse)
    {
        if (Member(name) is not { } member)
            return null;
        if (member.Kind is JsonValueKind.String or JsonValueKind.Number && parse(member.Text, out TimeSpan value))
            return value;

        string shown = member.Text.Length == 0 ? member.KindName : member.Text;
        problems.Add(new ConfigurationProblem(file.LocationOf(member), shown, $"is not {option.Expected}", "change it or leave it out"));
        return null;
    }

    private delegate bool TimeParser(string text, out TimeSpan value);

    /// <summary>A set of processors; null if it is missing or something else.</summary>
    public ProcessorSet? Processors(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (ProcessorSet.TryParse(text.Text, out ProcessorSet? processors))
            return processors;

        problems.Add(new ConfigurationProblem(text.Key, text.Text, $"is not {OptionReader.ExpectedProcessors}", "change it or leave it out"));
        return null;
    }

    /// <summary>True or false; null if it is missing or something else.</summary>
    public bool? Boolean(string name)
    {
        if (Member(name) is not { } member)
            return null;
        if (member.Kind is JsonValueKind.True or JsonValueKind.False)
            return member.Kind == JsonValueKind.True;

        problems.Add(new ConfigurationProblem(file.LocationOf(member), null, $"is {member.KindName}", "write true or false, without quotes"));
        return null;
    }

    /// <summary>An object; null if it is missing or something else.</summary>
    public FileNode? Object(string name) => Find(name, JsonValueKind.Object, "an object") is { Kind: JsonValueKind.Object } member ? member : null;

    /// <summary>A list of strings, or one string; null if it is missing or something else.</summary>
    public WrittenValue? Texts(string name)
    {
        if (Member(name) is not { } member)
            return null;
        if (member.Kind == JsonValueKind.String)
            return Written(member);
        if (member.Kind == JsonValueKind.Array && member.Items.All(static item => item.Kind == JsonValueKind.String))
            return Written(member) with { Items = [.. member.Items.Select(static item => item.Text)] };

        problems.Add(new ConfigurationProblem(file.LocationOf(member), null, $"is {member.KindName}", "write a list of strings"));
        return null;
    }

    /// <summary>A list of strings, each used exactly as written; null if it is missing or something else.</summary>
    public WrittenValue? Words(string name)
    {
        if (Find(name, JsonValueKind.Array, "a list of strings") is not { Kind: JsonValueKind.Array } member)
            return null;
        if (member.Items.FirstOrDefault(static item => item.Kind != JsonValueKind.String) is not { } other)
            return Written(member) with { Items = [.. member.Items.Select(static item => item.Text)] };

        problems.Add(new ConfigurationProblem(file.LocationOf(other), null, $"is {other.KindName}", "write a string in quotes"));
        return null;
    }

    /// <summary>Whether the member exists, with any value.</summary>
    public bool Has(string name) => node.Members.Any(member => member.Key == name);

    /// <summary>Reports the members that were not read. Call it last.</summary>
    public void ReportUnknown()
    {
        foreach ((string name, FileNode member) in node.Members)
            if (!_known.Contains(name, StringComparer.Ordinal))
                ConfigurationFileReader.ReportUnknown(file, member, name, _known, problems);
    }

    private FileNode? Find(string name, JsonValueKind kind, string wanted)
    {
        if (Member(name) is not { } member || member.Kind == kind)
            return Member(name);

        problems.Add(new ConfigurationProblem(file.LocationOf(member), null, $"is {member.KindName}", $"write {wanted}"));
        return null;
    }

    private FileNode? Member(string name)
    {
        _known.Add(name);
        return node.Members.FirstOrDefault(member => member.Key == name).Value;
    }

    private WrittenValue Written(FileNode member) => new(file.LocationOf(member), member.Text, OptionSource.File);
}

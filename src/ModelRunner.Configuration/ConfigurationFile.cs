using System.Text.Json;
using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>
/// The contents of the configuration file: values by their keys in the catalogue, and the sections <c>engines</c>, <c>models</c>,
/// <c>runners</c> and <c>keys</c> as JSON nodes.
/// </summary>
internal sealed class ConfigurationFile(string name)
{
    /// <summary>The name of the file that is read from the working directory if no option names another one.</summary>
    public const string DefaultName = "model-runner.json";

    private const int MaxBytes = 1024 * 1024;

    /// <summary>Used if there is no file.</summary>
    public static ConfigurationFile None { get; } = new("");

    /// <summary>The file's name as the user wrote it.</summary>
    public string Name => name;

    /// <summary>Its stamp just before it was read.</summary>
    public FileStamp Stamp { get; private set; }

    /// <summary>Values by their keys in the catalogue.</summary>
    public Dictionary<string, WrittenValue> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>The section <c>models</c>; null if there is none.</summary>
    public FileNode? Models { get; set; }

    /// <summary>The section <c>engines</c>; null if there is none.</summary>
    public FileNode? Engines { get; set; }

    /// <summary>The section <c>runners</c>; null if there is none.</summary>
    public FileNode? Runners { get; set; }

    /// <summary>The section <c>keys</c>; null if there is none.</summary>
    public FileNode? Keys { get; set; }

    /// <summary>The location of a node in this file, as it is shown.</summary>
    public string LocationOf(FileNode node) => FileLocation.Format(name, node.Line, node.Path);

    /// <summary>The absolute path of the file that the options name, or of the one in the working directory.</summary>
    public static string PathOf(DaemonOptions options) => PathText.Resolve(
        WrittenOptions.FindOutsideFile(options, ConfigurationCatalog.ConfigFile)?.Text ?? DefaultName, options, options.WorkingDirectory);

    /// <summary>
    /// Finds and reads the file that the options name, or the one in the working directory if it exists. There, a folder, a pipe or a link that
    /// leads nowhere is a problem, since its user expects it to be read.
    /// </summary>
    public static ConfigurationFile Read(DaemonOptions options, List<ConfigurationProblem> problems)
    {
        WrittenValue? written = WrittenOptions.FindOutsideFile(options, ConfigurationCatalog.ConfigFile);
        string shown = written?.Text ?? DefaultName;
        string path = PathText.Resolve(shown, options, options.WorkingDirectory);
        if (written is null && FileStatus.OfLink(path).Kind is FileKind.Missing or FileKind.Denied)
            return None;

        var stamp = FileStamp.Of(path);
        if (NamedFile.TryRead(path, MaxBytes, out string problem) is not { } json)
        {
            problems.Add(new ConfigurationProblem(written?.Key ?? shown, written?.Text, problem, "name a readable JSON file"));
            return None;
        }

        try
        {
            ConfigurationFile file = Parse(shown, json, problems);
            file.Stamp = stamp;
            return file;
        }
        catch (JsonException failure)
        {
            string location = FileLocation.Format(shown, (int)(failure.LineNumber ?? 0) + 1, "");
            string column = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"column {(failure.BytePositionInLine ?? 0) + 1}");
            problems.Add(new ConfigurationProblem(location, null, $"is not JSON from {column} on", "correct it; comments and trailing commas are allowed"));
        }

        return None;
    }

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static ConfigurationFile Parse(string name, ReadOnlySpan<byte> json, List<ConfigurationProblem> problems)
    {
        var file = new ConfigurationFile(name);
        if (ReadNodes(name, json, problems) is { } root)
            new ConfigurationFileReader(file, problems).Read(root);
        return file;
    }

    /// <summary>Reads the text of a file as nodes; null if it is not UTF-8, which is reported.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static FileNode? ReadNodes(string name, ReadOnlySpan<byte> json, List<ConfigurationProblem> problems)
    {
        if (json.StartsWith("\ufeff"u8))
            json = json[3..];
        if (Utf8Text.FindFault(json) is not var (line, column))
            return new FileNodeReader(json, name, problems).Read();
        string from = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"is not UTF-8 from column {column} on");
        problems.Add(new ConfigurationProblem(FileLocation.Format(name, line, ""), null, from, "save the file as UTF-8"));
        return null;
    }
}

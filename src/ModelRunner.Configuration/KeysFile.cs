using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>
/// The file with the keys that <c>model-runner key</c> manages: an object with the member <c>keys</c>, as in the configuration file. The daemon reads
/// it again when it changes.
/// </summary>
internal static class KeysFile
{
    /// <summary>Its name in the state folder.</summary>
    public const string DefaultName = "keys.json";

    private const int MaxBytes = 4 * 1024 * 1024;
    private const int WritableByOthers = 0x12; // octal 0022
    private const string Remedy = "correct it, or remove the file and add the keys again with \"model-runner key add\"";

    /// <summary>Its absolute path; null: there is no state folder, and no option names it.</summary>
    /// <param name="reader">The options.</param>
    /// <param name="statePath">The state folder; null: none.</param>
    public static string? Locate(OptionReader reader, string? statePath) =>
        reader.Path(ConfigurationCatalog.KeysFile) ?? (statePath is null ? null : Path.Join(statePath, DefaultName));

    /// <summary>Reads the file.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="options">The options.</param>
    /// <param name="others">The keys of the configuration file. No key may be in both.</param>
    /// <param name="apiKey">The key of the option <c>apiKey</c>; null: none.</param>
    /// <param name="problems">Gets the problems of the file.</param>
    /// <param name="ofAnyOwner">Whether it may belong to any user: root edits the file of another user's daemon.</param>
    /// <returns>Null if it cannot be used.</returns>
    public static KeysFileContent? Read(
        string path, DaemonOptions options, IReadOnlyList<KeySettings> others, string? apiKey, List<ConfigurationProblem> problems,
        bool ofAnyOwner = false)
    {
        var status = FileStatus.Of(path);
        if (status.Kind == FileKind.Missing && FileStatus.OfLink(path).Kind == FileKind.Missing)
            return KeysFileContent.None;
        if ((status.Mode & WritableByOthers) != 0 && status.IsRegular)
        {
            problems.Add(new ConfigurationProblem(path, null, "can be written by other users, who could add keys", $"run chmod 600 {path}"));
            return null;
        }

        if (status.IsRegular && !ofAnyOwner && !status.IsOfUserOrRoot)
        {
            problems.Add(new ConfigurationProblem(
                path, null, string.Create(CultureInfo.InvariantCulture, $"belongs to user {status.Owner}, who could add keys"),
                $"give it to the user of the daemon or to root: chown USER {path}"));
            return null;
        }

        if (NamedFile.TryRead(path, MaxBytes, out string problem) is not { } json)
        {
            problems.Add(new ConfigurationProblem(path, null, problem, "make it a file that the user of the daemon can read"));
            return null;
        }

        int before = problems.Count;
        var file = new ConfigurationFile(path);
        IReadOnlyList<KeySettings> keys = Parse(file, json, options, others, apiKey, problems);
        return problems.Count == before ? new KeysFileContent(IsPresent: true, keys) : null;
    }

    /// <summary>The text of a file with these keys.</summary>
    public static byte[] Format(IEnumerable<KeySettings> keys)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("keys"u8);
            foreach (KeySettings key in keys)
            {
                json.WriteStartObject(key.Name);
                json.WriteString("sha256"u8, key.Digest.ToString());
                KeyText.WriteLimits(json, key);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        text.Write("\n"u8);
        return text.WrittenSpan.ToArray();
    }

    private static KeySettings[] Parse(
        ConfigurationFile file, byte[] json, DaemonOptions options, IReadOnlyList<KeySettings> others, string? apiKey, List<ConfigurationProblem> problems)
    {
        try
        {
            if (ConfigurationFile.ReadNodes(file.Name, json, problems) is not { } root)
                return [];
            if (root.Kind == JsonValueKind.Object)
                return Resolve(file, root, options, others, apiKey, problems);
            problems.Add(new ConfigurationProblem(file.LocationOf(root), null, $"is {root.KindName}", "write an object with the member keys"));
        }
        catch (JsonException failure)
        {
            string column = string.Create(CultureInfo.InvariantCulture, $"column {(failure.BytePositionInLine ?? 0) + 1}");
            problems.Add(new ConfigurationProblem(
                FileLocation.Format(file.Name, (int)(failure.LineNumber ?? 0) + 1, ""), null, $"is not JSON from {column} on", Remedy));
        }

        return [];
    }

    private static KeySettings[] Resolve(
        ConfigurationFile file, FileNode root, DaemonOptions options, IReadOnlyList<KeySettings> others, string? apiKey, List<ConfigurationProblem> problems)
    {
        var members = new FileObjectReader(file, root, problems);
        FileNode? section = members.Object("keys");
        if (!members.Has("keys"))
            problems.Add(new ConfigurationProblem(file.LocationOf(root), null, "has no member keys", Remedy));
        members.ReportUnknown();
        if (section is null)
            return [];
        List<(FileNode Node, KeySettings Key)> keys = new KeyReader(file, options, problems, takesFiles: false).Read(section);
        KeysSection.CheckDistinct(file, keys, others, apiKey, problems);
        return [.. keys.Select(static key => key.Key)];
    }
}

using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>Compares <c>docs/configuration.md</c> and the JSON schema with the catalogue.</summary>
public sealed class ConfigurationDocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Join(Repository.Root, "docs", "configuration.md"));

    [Fact]
    public void The_table_has_exactly_one_row_for_each_option()
    {
        string[] rows = [.. Document.Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal) || line.StartsWith("| – ", StringComparison.Ordinal))];

        DocumentRows.AssertEqual(ConfigurationCatalog.All.Select(Row), rows);
    }

    [Fact]
    public void The_document_lists_exactly_the_allowed_arguments()
    {
        int start = Document.IndexOf("## Arguments for llama-server", StringComparison.Ordinal);
        IEnumerable<string> listed = Document[start..].Split('`').Where(static (_, index) => index % 2 == 1)
            .Where(static code => code.StartsWith('-')).SelectMany(static code => code.Split(' '));

        Assert.Equal(LlamaArgumentTable.Arguments.Keys.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_options_that_need_a_restart_are_listed_and_no_other()
    {
        int start = Document.IndexOf("## Change settings without a restart", StringComparison.Ordinal);
        string row = Document[start..].Split('\n').Single(static line => line.StartsWith("| a restart |", StringComparison.Ordinal));

        Assert.Equal(
            ConfigurationCatalog.All.Where(static option => option.NeedsRestart).Select(static option => option.Name),
            row.Split('`').Where(static (_, index) => index % 2 == 1));
    }

    [Fact]
    public void The_example_is_valid()
    {
        int start = Document.IndexOf("```jsonc\n", StringComparison.Ordinal) + "```jsonc\n".Length;
        using var fixture = new ConfigurationFixture { File = Document[start..Document.IndexOf("```", start, StringComparison.Ordinal)] };

        DaemonSettings settings = fixture.Settings();

        Assert.NotEmpty(settings.Models);
        Assert.NotEmpty(settings.AttachedRunners);
    }

    [Fact]
    public void The_schema_is_in_the_folder_of_the_executable() =>
        Assert.True(File.Exists(Path.Join(AppContext.BaseDirectory, "model-runner.schema.json")));

    [Fact]
    public void The_schema_has_every_key_of_the_file_with_its_type_and_limits()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Join(Repository.Root, "src", "ModelRunner.Daemon", "model-runner.schema.json")));
        var found = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        Collect(schema.RootElement, "", found);

        IEnumerable<string> keys = ConfigurationCatalog.All.Select(static option => option.FileKey).OfType<string>();
        DocumentRows.AssertEqual(
            keys.Concat(["$schema", "engines", "keys", "models", "runners"]).Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        foreach (ConfigurationOption option in ConfigurationCatalog.All)
            if (option.FileKey is { } key)
                CheckProperty(option, found[key]);
    }

    private static void CheckProperty(ConfigurationOption option, JsonElement property)
    {
        DocumentRows.AssertEqual([$"{option.Description}. Default: {option.Default}."], [property.GetProperty("description").GetString()!]);
        string type = property.GetProperty("type").ToString();
        string expected = option.Kind switch
        {
            OptionKind.Integer => "integer",
            OptionKind.Switch => "boolean",
            OptionKind.Duration or OptionKind.KeepAlive or OptionKind.Bytes or OptionKind.Rate => """["string","number"]""",
            OptionKind.Origins or OptionKind.Hosts or OptionKind.Servers or OptionKind.Mirrors or OptionKind.Sources or OptionKind.Arguments =>
                """["array","string"]""",
            _ => "string",
        };
        Assert.Equal(expected, string.Concat(type.Where(static character => !char.IsWhiteSpace(character))));
        if (option.Kind == OptionKind.Integer)
        {
            Assert.Equal(option.Minimum, property.GetProperty("minimum").GetInt64());
            Assert.Equal(option.Maximum, property.GetProperty("maximum").GetInt64());
        }
    }

    private static void Collect(JsonElement schema, string prefix, Dictionary<string, JsonElement> found)
    {
        Assert.False(schema.GetProperty("additionalProperties").GetBoolean());
        foreach (JsonProperty property in schema.GetProperty("properties").EnumerateObject())
        {
            if (property.Value.TryGetProperty("properties", out _))
                Collect(property.Value, $"{prefix}{property.Name}.", found);
            else
                found.Add(prefix + property.Name, property.Value);
        }
    }

    internal static string Row(ConfigurationOption option) =>
        $"| {Code(option.FileKey)} | {Code(option.Variable)} | {Code(option.Flag)} | {option.Default} | {option.Description}. Value: {option.Expected}. |";

    private static string Code(string? name) => name is null ? "–" : $"`{name}`";
}

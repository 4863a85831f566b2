using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Shows one model: a line for each of its properties, and a table of its files.</summary>
internal static class ModelSheet
{
    private const int NameWidth = 14;

    private static readonly string[] Heads = ["FILE", "SIZE", "DIGEST OR NAME"];

    /// <summary>The text for a model in the daemon's format.</summary>
    public static string Draw(JsonElement model)
    {
        JsonElement config = model.Member("config") ?? default;
        string[] tags = [.. (model.Member("tags")?.Items() ?? []).Select(static tag => tag.ToString())];
        var text = new StringBuilder();
        Add(text, "Model", tags.FirstOrDefault() ?? "");
        Add(text, "Other names", string.Join(", ", tags.Skip(1)));
        Add(text, "Id", model.Text("id"));
        Add(text, "Created", Date(model.Integer("packed") ?? model.Integer("created")));
        Add(text, "Format", config.Text("format"));
        Add(text, "Architecture", config.Text("architecture"));
        Add(text, "Parameters", config.Text("parameters"));
        Add(text, "Quantization", config.Text("quantization"));
        Add(text, "Context", Context(model, config));
        Add(text, "Modes", string.Join(", ", config.Member("modes")?.Items() ?? []));
        Add(text, "Size", SizeText.Of(config));
        Add(text, "To download", model.Integer("missing_bytes") is { } bytes ? FileSizeText.Format(bytes) : "");
        Add(text, "Origin", string.Join(", ", config.Member("origins")?.Items() ?? []));
        Add(text, "Not used", NotUsed(model.Member("unused")));
        Add(text, "Loaded", Loaded(model));
        foreach (JsonElement license in model.Member("licenses")?.Items() ?? [])
            Add(text, "License", DescribeLicense(license, tags.FirstOrDefault()));
        JsonElement[] files = [.. model.Member("files")?.Items() ?? []];
        Add(text, "Files", Count(files));
        if (files.Length > 0)
            text.Append('\n').Append(TextTable.Draw(Heads, files.Select(ToRow)));
        return text.ToString();
    }

    private static void Add(StringBuilder text, string name, string value)
    {
        if (value.Length > 0)
            text.Append(name.PadRight(NameWidth)).Append(PlainText.Escape(value)).Append('\n');
    }

    private static string DescribeLicense(JsonElement license, string? model)
    {
        string title = license.Text("title") is { Length: > 0 } text ? text : license.Text("digest");
        return license.Text("problem") is { Length: > 0 } problem
            ? $"{title} ({problem})"
            : $"{title} (the whole text: model-runner inspect {model} --license)";
    }

    private static string NotUsed(JsonElement? unused) =>
        unused is { } some ? $"{string.Join(", ", some.Member("parts")?.Items() ?? [])} (only {some.Text("tool")} uses them)" : "";

    // As "verify" counts them: without the manifest.
    private static string Count(JsonElement[] files) => files.Length == 0 ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{files.Length} ({FileSizeText.Format(files.Sum(static file => file.Integer("size") ?? 0))})");

    private static string Loaded(JsonElement model)
    {
        if (model.Member("loaded") is null)
            return "";
        if (!model.IsTrue("loaded"))
            return "no";
        string[] uses =
        [
            .. (model.Member("loaded_modes")?.Items() ?? []).Select(static mode => mode.ToString()),
            .. (model.Member("draft_of")?.Items() ?? []).Select(static other => $"draft model of {other}"),
        ];

        // A client with only some models is not told whose draft model it is.
        return $"yes ({(uses.Length > 0 ? string.Join(", ", uses) : "as a draft model")})";
    }

    // Two numbers: what its runners get, and what the model was made for.
    private static string Context(JsonElement model, JsonElement config) => (config.Integer("context_size"), model.Integer("max_context_size")) switch
    {
        ({ } own, { } most) => string.Create(CultureInfo.InvariantCulture, $"{own} tokens, at most {most}"),
        ({ } own, null) => string.Create(CultureInfo.InvariantCulture, $"{own} tokens"),
        (null, { } most) => string.Create(CultureInfo.InvariantCulture, $"at most {most} tokens"),
        _ => "",
    };

    private static string Date(long? seconds) => seconds is { } known and > 0 and < 253_402_300_800
        ? DateTimeOffset.FromUnixTimeSeconds(known).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)
        : "";

    private static string[] ToRow(JsonElement file)
    {
        string size = file.Integer("size") is { } bytes ? FileSizeText.Format(bytes) : "";
        string digest = file.Text("digest");
        string name = file.Text("name");
        return [file.Text("role"), size, digest.Length > 0 && name.Length > 0 ? $"{digest} {name}" : digest + name];
    }
}

using System.Globalization;
using System.Text.Json;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Pulling;

/// <summary>Writes the progress of a check of models in the shape of that of a pull. The last line has the result of each model. Used by one request.</summary>
/// <param name="check">The check.</param>
/// <param name="isJson">Whether the client asked for JSON.</param>
internal sealed class CheckStream(StoreCheck check, bool isJson)
{
    private readonly ShownBytes _shown = new();
    private bool _hasWaited;

    /// <summary>The lines about what changed since the last call; empty: nothing did.</summary>
    public byte[] ReadProgress()
    {
        using var text = new MemoryStream();
        if (check.IsWaiting && !_hasWaited)
        {
            _hasWaited = true;
            text.Write(Line("progress", "Waiting for another check to end"));
        }

        foreach ((FileProgress file, long bytes) in _shown.ReadChanges(check.Files))
            text.Write(Line("progress", string.Create(CultureInfo.InvariantCulture, $"Verified: {bytes / 1e6:0.00} MB"), (file, bytes)));
        return text.ToArray();
    }

    /// <summary>The last line of a check that was ended.</summary>
    public byte[] WriteCancelled() => Line("error", "the daemon ends; verify again when it has started");

    /// <summary>The last line.</summary>
    public byte[] WriteEnd(IReadOnlyList<CheckedModel> models) => Line(
        models.All(static model => model.Bad.Count == 0) ? "success" : "error", CheckText.Sum(models), null,
        json => Write(json, models));

    private byte[] Line(string type, string message, (FileProgress File, long Bytes)? layer = null, Action<Utf8JsonWriter>? more = null) =>
        ProgressLine.Write(new ProgressLine(type, message, check.TotalBytes, "verify") { Layer = layer, More = more }, isJson);

    private static void Write(Utf8JsonWriter json, IReadOnlyList<CheckedModel> models)
    {
        json.WriteStartArray("models"u8);
        foreach (CheckedModel model in models)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, CheckText.NameOf(model.Entry));
            json.WriteString("id"u8, model.Entry.Id.ToString());
            json.WriteBoolean("whole"u8, model.Bad.Count == 0);
            json.WriteStartArray("files"u8);
            foreach (CheckedFile file in model.Files)
                Write(json, file);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, CheckedFile file)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, CheckText.RoleOf(file));
        json.WriteString("digest"u8, file.File.Digest.ToString());
        json.WriteNumber("size"u8, file.File.Size);
        json.WriteString("state"u8, CheckText.StateOf(file.Condition));
        if (file.Condition != FileCondition.Whole)
        {
            json.WriteString("found"u8, file.Found?.ToString());
            json.WriteNumber("found_size"u8, file.FoundSize);
            json.WriteBoolean("set_aside"u8, file.IsSetAside);
            json.WriteBoolean("refused"u8, file.IsRefused);
            json.WriteString("text"u8, CheckText.Describe(file));
        }

        json.WriteEndObject();
    }
}

using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Pulling;

/// <summary>
/// Writes the progress of a pull as Docker Model Runner does: one JSON object a line, escaped for HTML unless the client asked for JSON. The last
/// line has the type <c>success</c> or <c>error</c>. Used by one request.
/// </summary>
/// <param name="pull">The pull.</param>
/// <param name="isJson">Whether the client asked for JSON.</param>
internal sealed class PullStream(Pull pull, bool isJson)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<Digest, long> _shown = [];
    private int? _ahead;

    /// <summary>The lines about what changed since the last call; empty: nothing did.</summary>
    public byte[] ReadProgress()
    {
        using var text = new MemoryStream();
        foreach (FileProgress file in pull.Files)
        {
            long bytes = file.Bytes;
            if (_shown.TryGetValue(file.File.Digest, out long shown) && shown == bytes)
                continue;
            _shown[file.File.Digest] = bytes;
            string verb = file.FoundIn is { } tool ? $"found in {tool}" : "Downloaded";
            string message = string.Create(CultureInfo.InvariantCulture, $"{verb}: {bytes / 1e6:0.00} MB");
            Write(text, "progress", message, (file, bytes));
        }

        return text.ToArray();
    }

    /// <summary>The line that says how many other pulls run first; empty: the last one said the same.</summary>
    /// <param name="ahead">The pulls that run or were there before.</param>
    public byte[] ReadWaiting(int ahead)
    {
        if (ahead == _ahead)
            return [];
        _ahead = ahead;
        using var text = new MemoryStream();
        string pulls = ahead == 1 ? "1 other pull" : string.Create(CultureInfo.InvariantCulture, $"{ahead} other pulls");
        Write(text, "progress", $"Waiting: {pulls} came first, and at most {new PullSettings().MaxPulls} run at once", null);
        return text.ToArray();
    }

    /// <summary>The last line.</summary>
    public byte[] WriteEnd(PullOutcome outcome)
    {
        using var text = new MemoryStream();
        Write(text, outcome.IsSuccess ? "success" : "error", outcome.Message, null);
        return text.ToArray();
    }

    private static string RoleOf(Descriptor file) => LayerRoles.Of(file) switch
    {
        LayerRole.Weights => "weights",
        LayerRole.Projector => "projector",
        LayerRole.ChatTemplate => "template",
        LayerRole.License => "license",
        _ => MediaTypes.IsModelConfig(file.MediaType) ? "config" : "file",
    };

    private void Write(MemoryStream text, string type, string message, (FileProgress File, long Bytes)? layer)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString("message"u8, message);
            json.WriteNumber("total"u8, pull.TotalBytes);
            json.WriteStartObject("layer"u8);
            json.WriteString("id"u8, layer?.File.File.Digest.ToString() ?? "");
            json.WriteNumber("size"u8, layer?.File.File.Size ?? 0);
            json.WriteNumber("current"u8, layer?.Bytes ?? 0);
            if (layer is { } known)
                json.WriteString("role"u8, RoleOf(known.File.File));
            json.WriteEndObject();
            json.WriteString("mode"u8, "pull"u8);
            json.WriteEndObject();
        }

        byte[] bytes = line.ToArray();
        text.Write(isJson ? bytes : Encoding.UTF8.GetBytes(WebUtility.HtmlEncode(Encoding.UTF8.GetString(bytes))));
        text.WriteByte((byte)'\n');
    }
}

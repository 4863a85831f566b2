using System.Globalization;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;

namespace ModelRunner.Daemon.Pulling;

/// <summary>Writes the progress of a push as Docker Model Runner does. Used by one request.</summary>
/// <param name="push">The push.</param>
/// <param name="isJson">Whether the client asked for JSON.</param>
internal sealed class PushStream(Push push, bool isJson)
{
    private readonly ShownBytes _shown = new();

    /// <summary>The lines about what changed since the last call; empty: nothing did.</summary>
    public byte[] ReadProgress()
    {
        using var text = new MemoryStream();
        foreach ((FileProgress file, long bytes) in _shown.ReadChanges(push.Files))
        {
            text.Write(Line("progress", string.Create(CultureInfo.InvariantCulture, $"Uploaded: {bytes / 1e6:0.00} MB"), (file, bytes)));
        }

        return text.ToArray();
    }

    /// <summary>The line that says that other pushes run first.</summary>
    public byte[] WriteWaiting() => Line("progress", "Waiting for other pushes to end", null);

    /// <summary>The last line.</summary>
    public byte[] WriteEnd(PushOutcome outcome) => Line(outcome.IsSuccess ? "success" : "error", outcome.Message, null);

    private byte[] Line(string type, string message, (FileProgress File, long Bytes)? layer) =>
        ProgressLine.Write(new ProgressLine(type, message, push.TotalBytes, "push") { Layer = layer }, isJson);
}

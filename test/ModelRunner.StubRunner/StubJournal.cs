using System.Globalization;
using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>What the stub has finished, in files that remain when it is killed.</summary>
internal static class StubJournal
{
    /// <summary>The name under which a request is written; null: it is not.</summary>
    public static string? UserOf(JsonElement body) =>
        body.TryGetProperty("user", out JsonElement user) && user.ValueKind == JsonValueKind.String ? user.GetString() : null;

    /// <summary>Writes the tokens of a request, if the fault <c>journal</c> names a folder.</summary>
    public static void Write(StubFaults faults, string? user, int prompt, int generated)
    {
        if (faults.Text("journal") is { } folder && user is not null)
            File.WriteAllText(Path.Join(folder, user), string.Create(CultureInfo.InvariantCulture, $"{prompt} {generated}"));
    }
}

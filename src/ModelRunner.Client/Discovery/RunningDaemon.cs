using System.Text.Json;

namespace ModelRunner.Client.Discovery;

/// <summary>The description of a running daemon for the clients of its user.</summary>
/// <param name="ProcessId">Its process id.</param>
/// <param name="SocketPath">Absolute path of its Unix socket; null: none.</param>
/// <param name="Addresses">Its HTTP addresses, as a client of this machine uses them.</param>
/// <param name="WorkingDirectory">The working directory in which it was started.</param>
internal sealed record RunningDaemon(int ProcessId, string? SocketPath, IReadOnlyList<Uri> Addresses, string WorkingDirectory)
{
    /// <summary>Absolute path of the PEM file of the authority that signs its certificate; null: it has no authority of its own.</summary>
    public string? AuthorityPath { get; init; }

    /// <summary>The address to use: its socket, which only its user can use, else TCP.</summary>
    public string Address => SocketPath is null ? Addresses[0].GetLeftPart(UriPartial.Authority) : $"unix:{SocketPath}";

    /// <summary>Writes it as JSON.</summary>
    public void WriteTo(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteNumber("pid"u8, ProcessId);
        if (SocketPath is not null)
            json.WriteString("socket"u8, SocketPath);
        json.WriteStartArray("addresses"u8);
        foreach (Uri address in Addresses)
            json.WriteStringValue(address.GetLeftPart(UriPartial.Authority));
        json.WriteEndArray();
        json.WriteString("workingDirectory"u8, WorkingDirectory);
        if (AuthorityPath is not null)
            json.WriteString("authority"u8, AuthorityPath);
        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote; null if the text is something else or contains no address.</summary>
    public static RunningDaemon? Read(ReadOnlyMemory<byte> text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            string? socket = root.TryGetProperty("socket"u8, out JsonElement path) ? path.GetString() : null;
            Uri[] addresses = [.. root.GetProperty("addresses"u8).EnumerateArray().Select(static address => new Uri(address.GetString()!))];
            return (socket is null || Path.IsPathRooted(socket)) && (socket is not null || addresses.Length > 0)
                ? new RunningDaemon(root.GetProperty("pid"u8).GetInt32(), socket, addresses, root.GetProperty("workingDirectory"u8).GetString() ?? "")
                {
                    AuthorityPath = root.TryGetProperty("authority"u8, out JsonElement authority) ? authority.GetString() : null,
                }
                : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentException)
        {
            return null;
        }
    }
}

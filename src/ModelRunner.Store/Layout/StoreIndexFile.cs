using System.Buffers;
using System.Text.Json;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// Reads and writes the list of models. It is replaced as a whole, so readers need no lock. A list that cannot be understood is an error and stays
/// as it is: to write over it would lose every model in it.
/// </summary>
internal static class StoreIndexFile
{
    private const string Version = "1.0.0";
    private const string Remedy = "move the file away to begin a new list, or restore it";
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Reads the list. A store without a list has no models.</summary>
    /// <exception cref="StoreException">It is damaged, newer than this program, or cannot be read.</exception>
    public static StoreIndex Read(StoreFolder folder)
    {
        if (ReadFile(folder.LayoutFile) is { } layout)
            CheckVersion(layout);
        return ReadFile(folder.IndexFile) is { } bytes ? Parse(bytes) : StoreIndex.Empty;
    }

    /// <summary>Replaces the list, and writes the version of the layout if the folder is new. The lock must be held.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void Write(StoreFolder folder, StoreIndex index)
    {
        if (!FileStatus.Of(folder.LayoutFile).Exists)
            DurableFile.Replace(folder.LayoutFile, Write(static writer => writer.WriteString("version", Version)));
        folder.BeforeStep?.Invoke("index");
        DurableFile.Replace(folder.IndexFile, Write(writer => WriteModels(writer, index)));
    }

    private static void WriteModels(Utf8JsonWriter writer, StoreIndex index)
    {
        writer.WriteStartArray("models");
        foreach (StoreEntry entry in index.Entries)
        {
            writer.WriteStartObject();
            writer.WriteString("id", entry.Id.ToString());
            writer.WriteStartArray("tags");
            foreach (string tag in entry.Tags)
                writer.WriteStringValue(tag);
            writer.WriteEndArray();
            writer.WriteStartArray("files");
            foreach (Digest file in entry.Files)
                writer.WriteStringValue(file.ToString());
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        members(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[]? ReadFile(string path)
    {
        try
        {
            using FileStream? file = RegularFile.Open(path);
            if (file is null)
                return FileStatus.Of(path).Kind == FileKind.Missing ? null : throw NotReadable(path, null);
            if (file.Length > MaxBytes)
                throw StoreException.Of(StoreErrorReason.Damaged, $"{NameOf(path)} of the model store is larger than {MaxBytes} bytes", Remedy);
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw NotReadable(path, failure);
        }
    }

    private static StoreException NotReadable(string path, Exception? cause) => StoreException.Of(
        StoreErrorReason.NotAccessible, $"{NameOf(path)} of the model store {PathProblem.OfFile(path)}", "correct its owner or its permissions", cause);

    private static void CheckVersion(byte[] bytes)
    {
        string? version = Read(
            bytes, static root => root.TryGetProperty("version", out JsonElement text) ? text.GetString() : null, StoreFolder.LayoutFileName);
        if (version?.Split('.')[0] is not ("1" or null))
        {
            throw StoreException.Of(
                StoreErrorReason.Newer, $"the model store has layout {version}, and this program knows layout {Version}", "use a newer model-runner");
        }
    }

    private static StoreIndex Parse(byte[] bytes) => Read(
        bytes, static root => new StoreIndex([.. Items(root.GetProperty("models")).Select(ReadEntry)]), "models.json");

    private static StoreEntry ReadEntry(JsonElement entry) => new(
        ReadDigest(entry.GetProperty("id")),
        entry.TryGetProperty("tags", out JsonElement tags) ? [.. Items(tags).Select(ReadText)] : [],
        entry.TryGetProperty("files", out JsonElement files) ? [.. Items(files).Select(ReadDigest)] : []);

    // Docker Model Runner writes null for an empty list.
    private static JsonElement.ArrayEnumerator Items(JsonElement list) => list.ValueKind == JsonValueKind.Null ? default : list.EnumerateArray();

    private static string ReadText(JsonElement text) => text.GetString() ?? throw new FormatException("a name is null");

    // It becomes a part of a path.
    private static Digest ReadDigest(JsonElement text) =>
        Digest.TryParse(text.GetString(), out Digest digest) ? digest : throw new FormatException("a digest is invalid");

    private static T Read<T>(byte[] bytes, Func<JsonElement, T> read, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            return read(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw StoreException.Of(StoreErrorReason.Damaged, $"{name} of the model store cannot be understood", Remedy, failure);
        }
    }

    private static string NameOf(string path) => Path.GetFileName(path);
}

using System.Text;
using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>Writes JSON objects without reflection, which would cost the stub's quick start.</summary>
internal static class JsonText
{
    /// <summary>The object whose members <paramref name="members"/> writes.</summary>
    public static string Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}

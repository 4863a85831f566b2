using System.Globalization;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Http;

/// <summary>
/// The members of a request's JSON object, each with its type and range checked. <c>null</c> means the same as a missing member, since some
/// clients write their defaults that way.
/// </summary>
internal readonly struct RequestBody(JsonElement root)
{
    /// <summary>Finds a member; null: it is absent or null.</summary>
    public JsonElement? Find(string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>All members, in the order of the request.</summary>
    public JsonElement.ObjectEnumerator Members() => root.EnumerateObject();

    /// <summary>A number within limits; null: it is absent.</summary>
    public double? Number(string name, double least, double most)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least && number <= most)
            return number;
        throw Wrong(name, value, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
    }

    /// <summary>A whole number within limits.</summary>
    public long Integer(string name, long fallback, long least, long most)
    {
        if (Find(name) is not { } value)
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most)
            return number;
        throw Wrong(name, value, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
    }

    /// <summary>True or false.</summary>
    public bool Boolean(string name, bool fallback) => Find(name) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(name, value, "true or false"),
    };

    /// <summary>The text of a string, or of a list of strings.</summary>
    /// <param name="name">The member.</param>
    /// <param name="value">Its value.</param>
    /// <param name="most">The most strings.</param>
    public static IReadOnlyList<string> Texts(string name, JsonElement value, int most)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return [Text(name, value)];
        int count = value.GetArrayLength();
        if (count > most)
            throw ApiException.Invalid(string.Create(CultureInfo.InvariantCulture, $"\"{name}\" has {count} texts; at most {most} can be used"));
        return [.. value.EnumerateArray().Select(item => Text(name, item))];
    }

    /// <summary>The text of a JSON string.</summary>
    public static string Text(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw Wrong(name, value, "a string");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid($"\"{name}\" contains an unpaired surrogate, which is not valid text");
        }
    }

    /// <summary>The error for a member with an invalid value.</summary>
    public static ApiException Wrong(string name, JsonElement value, string wanted) =>
        ApiException.Invalid($"\"{name}\" must be {wanted}, not {Shown(value)}");

    /// <summary>A value for an error message: its JSON on one line, cut if it is long.</summary>
    public static string Shown(JsonElement value)
    {
        string raw = value.GetRawText().ReplaceLineEndings(" ");
        return raw.Length <= 60 ? raw : raw[..60] + "…";
    }
}

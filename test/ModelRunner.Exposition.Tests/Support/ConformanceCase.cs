using System.Text.Json;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>One file of the conformance data with what its source says about it.</summary>
internal sealed record ConformanceCase(string File, string Format, string Verdict, string Tier, string Note, string Sha256, bool HasUtf8Names)
{
    private static readonly Lazy<IReadOnlyList<ConformanceCase>> Loaded = new(Load);

    /// <summary>Every record of the manifest.</summary>
    public static IReadOnlyList<ConformanceCase> All => Loaded.Value;

    public byte[] Bytes => System.IO.File.ReadAllBytes(RepositoryRoot.Data("conformance", File));

    public static IEnumerable<ConformanceCase> Of(string format, string tier) => All.Where(item => item.Format == format && item.Tier == tier);

    /// <summary>The text between the quotes of the note <c>value must decode to "…"</c>, which is a JSON string.</summary>
    public string? DecodedValue => Note.StartsWith("value must decode to ", StringComparison.Ordinal)
        ? JsonSerializer.Deserialize<string>(Note["value must decode to ".Length..])
        : null;

    private static List<ConformanceCase> Load()
    {
        using var manifest = JsonDocument.Parse(System.IO.File.ReadAllBytes(RepositoryRoot.Data("conformance", "manifest.json")));
        return [.. manifest.RootElement.EnumerateArray().Select(Read)];
    }

    private static ConformanceCase Read(JsonElement record) => new(
        record.GetProperty("file").GetString()!,
        record.GetProperty("format").GetString()!,
        record.GetProperty("verdict").GetString()!,
        record.GetProperty("tier").GetString()!,
        record.GetProperty("note").GetString()!,
        record.GetProperty("sha256").GetString()!,
        record.TryGetProperty("utf8_names", out var utf8) && utf8.GetBoolean());
}

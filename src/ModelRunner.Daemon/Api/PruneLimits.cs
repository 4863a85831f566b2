using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>Which models a prune removes.</summary>
/// <param name="KeepUnder">Bytes that the pulled models may occupy together; null: any number.</param>
/// <param name="UnusedFor">Models are removed that were not used for this time; null: none for that reason.</param>
/// <param name="IsDryRun">Whether nothing is removed.</param>
internal sealed record PruneLimits(long? KeepUnder, TimeSpan? UnusedFor, bool IsDryRun)
{
    /// <summary>What to send.</summary>
    public const string BodyRemedy = "send none, and write what is removed into the query, such as /models/prune?unusedFor=30d&dryRun=true";

    private const int MaxShown = 80;

    /// <summary>Reads the query of a request.</summary>
    /// <exception cref="ApiException">A value is not valid, or a name is not known.</exception>
    public static PruneLimits Read(IQueryCollection query)
    {
        RequestMembers.Check(query, "keepUnder", "unusedFor", "dryRun");
        string size = query["keepUnder"].ToString(), time = query["unusedFor"].ToString();
        long? bytes = null;
        if (size.Length > 0)
        {
            // Bytes would remove all models where gigabytes were meant.
            if (ByteSizeText.LacksUnit(size))
                throw Refuse($"keepUnder is {Show(size)}, which has no unit; {ByteSizeText.WithUnits(PlainText.EscapeAndCut(size, MaxShown))}", "keepUnder");
            bytes = ByteSizeText.TryParse(size, out long parsed)
                ? parsed
                : throw Refuse($"{Show(size)} is no size; write 200GB, or 0 to keep no model", "keepUnder");
        }

        TimeSpan? age = null;
        if (time.Length > 0)
        {
            // Seconds would remove nearly all models where days were meant.
            if (DurationText.LacksUnit(time))
                throw Refuse($"unusedFor is {Show(time)}, which has no unit; {DurationText.WithUnits(PlainText.EscapeAndCut(time, MaxShown))}", "unusedFor");
            age = DurationText.TryParse(time, out TimeSpan read) && read >= TimeSpan.Zero
                ? read
                : throw Refuse($"{Show(time)} is no duration of at most 3650 days; write 30d or 12h", "unusedFor");
        }

        return new PruneLimits(bytes, age, QuerySwitch.Read(query, "dryRun"));
    }

    /// <summary>Refuses a body with options, which would have no effect.</summary>
    /// <exception cref="ApiException">It has something else than an empty object.</exception>
    public static void CheckBody(ReadOnlyMemory<byte> body)
    {
        try
        {
            if (body.Length == 0)
                return;
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.GetPropertyCount() == 0)
                return;
        }
        catch (JsonException)
        {
            // It is no empty object either.
        }

        throw new ApiException(ApiError.Invalid($"the request has a body; {BodyRemedy}"));
    }

    private static string Show(string text) => $"\"{PlainText.EscapeAndCut(text, MaxShown)}\"";

    private static ApiException Refuse(string message, string parameter) => new(ApiError.Invalid(message, parameter));
}

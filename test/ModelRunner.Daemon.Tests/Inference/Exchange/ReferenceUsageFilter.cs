using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>The same as the filter of events with token counts, written for a whole stream that is short.</summary>
internal static class ReferenceUsageFilter
{
    public static string Filter(string stream)
    {
        string[] lines = [.. Regex.Matches(stream, "[^\n]*\n|[^\n]+$").Select(static match => match.Value)];
        bool[] isKept = [.. lines.Select(static _ => true)];
        for (int first = 0; first < lines.Length;)
        {
            int end = Array.FindIndex(lines, first, static line => line.TrimEnd('\r', '\n').Length == 0 && line.EndsWith('\n'));
            FilterBlock(lines, isKept, first, end < 0 ? lines.Length : end + 1);
            first = end < 0 ? lines.Length : end + 1;
        }

        return string.Concat(lines.Where((_, index) => isKept[index]));
    }

    // The lines up to an empty line; usually one event.
    private static void FilterBlock(string[] lines, bool[] isKept, int first, int end)
    {
        int start = first;
        bool wasRemoved = false;
        string data = "";
        for (int i = first; i < end; i++)
        {
            string line = lines[i];
            bool isComment = line.StartsWith(':');
            bool isData = line.StartsWith("data:", StringComparison.Ordinal);
            if (wasRemoved && !isComment && !isData)
            {
                isKept[i] = false;
                start = i + 1;
                continue;
            }

            wasRemoved = false;
            if (isComment && start == i)
                start = i + 1;
            if (!isData || line["data:".Length..].Trim().Length == 0)
                continue;

            data += line["data:".Length..];
            if (IsBeginning(data))
                continue;
            if (Parse(data) is not { } document)
                return;
            wasRemoved = IsUsage(document);
            if (wasRemoved)
                isKept.AsSpan(start, i + 1 - start).Clear();
            (start, data) = (i + 1, "");
        }
    }

    /// <summary>Whether lines may follow that make it a JSON object.</summary>
    private static bool IsBeginning(string data)
    {
        if (Parse(data) is not null || !data.TrimStart().StartsWith('{'))
            return false;
        try
        {
            // A reader that gets more of it later complains only about what is wrong already.
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(data), isFinalBlock: false, default);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonElement? Parse(string data)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(data);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // A name that is no text cannot be compared.
    private static bool IsUsage(JsonElement document)
    {
        try
        {
            JsonProperty[] members = [.. document.EnumerateObject()];
            JsonElement[] choices = [.. members.Where(static member => member.Name == "choices").Select(static member => member.Value)];
            return members.LastOrDefault(static member => member.Name == "usage") is { Value.ValueKind: JsonValueKind.Object }
                && members.All(static member => member.Name != "error" || member.Value.ValueKind == JsonValueKind.Null)
                && choices.Length > 0 && choices.All(static list => list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 0);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}

using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// The names in a request that a route knows. A misspelled one must not be without effect. So routes of this daemon refuse all others. Newer clients of Docker
/// Model Runner may send more than it knows today, and it ignores that. So its routes refuse only names that are close to a known one.
/// </summary>
internal static class RequestMembers
{
    private const int MaxShown = 200;

    /// <summary>Refuses a body with members that are not known, on a route of this daemon.</summary>
    /// <exception cref="ApiException">It has one.</exception>
    public static void Check(JsonElement body, params ReadOnlySpan<string> known)
    {
        foreach (JsonProperty member in body.EnumerateObject())
            if (!known.Contains(member.Name))
                throw Refuse("member", member.Name, known);
    }

    /// <summary>Refuses a query with parameters that are not known, on a route of this daemon. Their case does not count.</summary>
    /// <exception cref="ApiException">It has one.</exception>
    public static void Check(IQueryCollection query, params ReadOnlySpan<string> known)
    {
        foreach (string name in query.Keys)
            if (!known.Contains(name, StringComparer.OrdinalIgnoreCase))
                throw Refuse("query parameter", name, known);
    }

    /// <summary>Refuses a body with a member whose name is close to a known one, on a route of Docker Model Runner.</summary>
    /// <exception cref="ApiException">It has one.</exception>
    public static void CheckSpelling(JsonElement body, params ReadOnlySpan<string> known)
    {
        foreach (JsonProperty member in body.EnumerateObject())
            if (!known.Contains(member.Name) && member.Value.ValueKind != JsonValueKind.Null && IsClose(member.Name, known))
                throw Refuse("member", member.Name, known);
    }

    /// <summary>Refuses a query with a parameter whose name is close to a known one, on a route of Docker Model Runner. Their case does not count.</summary>
    /// <exception cref="ApiException">It has one.</exception>
    public static void CheckSpelling(IQueryCollection query, params ReadOnlySpan<string> known)
    {
        foreach (string name in query.Keys)
            if (!known.Contains(name, StringComparer.OrdinalIgnoreCase) && IsClose(name, known))
                throw Refuse("query parameter", name, known);
    }

    /// <summary>The error about a name that is not known.</summary>
    /// <param name="kind">What has the name.</param>
    /// <param name="name">The name.</param>
    /// <param name="known">The names that are known.</param>
    private static ApiException Refuse(string kind, string name, params ReadOnlySpan<string> known)
    {
        string shown = PlainText.EscapeAndCut(name, MaxShown);
        string[] all = known.ToArray();
        string remedy = Spelling.Closest(name, all) is { } closest ? Spelling.Question([closest]) : $"it may have {string.Join(", ", all)}";
        return new ApiException(ApiError.Invalid($"the request has the {kind} \"{shown}\", which is not known; {remedy}", shown));
    }

    private static bool IsClose(string name, ReadOnlySpan<string> known) => Spelling.Closest(name, known.ToArray()) is not null;
}

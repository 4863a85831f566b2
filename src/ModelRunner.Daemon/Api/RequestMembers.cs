using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// The names in a request that a route knows. A route that does more if a name is absent must refuse the names that it does not know: one that is misspelled
/// would be absent.
/// </summary>
internal static class RequestMembers
{
    private const int MaxShown = 200;

    /// <summary>Refuses a body with members that are not known.</summary>
    /// <exception cref="ApiException">It has one.</exception>
    public static void Check(JsonElement body, params ReadOnlySpan<string> known)
    {
        foreach (JsonProperty member in body.EnumerateObject())
            if (!known.Contains(member.Name))
                throw Refuse("member", member.Name, known);
    }

    /// <summary>Refuses a query with parameters that are not known.</summary>
    /// <exception cref="ApiException">It has one.</exception>
    public static void Check(IQueryCollection query, params ReadOnlySpan<string> known)
    {
        foreach (string name in query.Keys)
            if (!known.Contains(name))
                throw Refuse("query parameter", name, known);
    }

    /// <summary>The error about a name that is not known.</summary>
    /// <param name="kind">What has the name.</param>
    /// <param name="name">The name.</param>
    /// <param name="known">The names that are known.</param>
    public static ApiException Refuse(string kind, string name, params ReadOnlySpan<string> known)
    {
        string shown = PlainText.EscapeAndCut(name, MaxShown);
        string[] all = known.ToArray();
        string remedy = Spelling.Closest(name, all) is { } closest ? Spelling.Question([closest]) : $"it may have {string.Join(", ", all)}";
        return new ApiException(ApiError.Invalid($"the request has the {kind} \"{shown}\", which is not known; {remedy}", shown));
    }
}

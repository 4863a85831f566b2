using System.Text;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>Writes the list of routes that <c>GET /</c> shows. It is made of the routes that are mapped, so it lacks none.</summary>
internal static partial class RouteList
{
    private const int Columns = 110;
    private const string Prefix = "/engines";
    private const string BackendPrefix = "/engines/{backend}";

    /// <summary>The list, a line for some routes with the same method.</summary>
    public static string Write(IEnumerable<Endpoint> endpoints)
    {
        RouteEndpoint[] routes = [.. endpoints.OfType<RouteEndpoint>().Where(static route => MethodOf(route) is not null && PatternOf(route) != "/")];
        HashSet<string> patterns = [.. routes.Select(PatternOf)];
        var text = new StringBuilder();
        IEnumerable<RouteEndpoint> own = routes.Where(route => !IsCopy(PatternOf(route), patterns));
        foreach (var group in own.GroupBy(static route => (Method: MethodOf(route)!, Note: NoteOf(route))))
            Append(text, group.Key.Method, group.Key.Note, group.SelectMany(PathsOf).Distinct(StringComparer.Ordinal));
        return text.ToString();
    }

    // The routes of OpenAI and Anthropic exist under two prefixes too.
    private static bool IsCopy(string pattern, HashSet<string> patterns)
    {
        if (pattern.StartsWith(BackendPrefix, StringComparison.Ordinal))
            return patterns.Overlaps([pattern[BackendPrefix.Length..], Prefix + pattern[BackendPrefix.Length..]]);
        return pattern.StartsWith(Prefix, StringComparison.Ordinal) && patterns.Contains(pattern[Prefix.Length..]);
    }

    private static void Append(StringBuilder text, string method, string note, IEnumerable<string> paths)
    {
        int column = Columns;
        bool isFirst = true;
        foreach (string path in paths)
        {
            if (column + path.Length + 2 > Columns)
            {
                text.Append(isFirst ? "" : "\n").Append(method.PadRight(6));
                column = 6;
            }

            text.Append(isFirst || column == 6 ? " " : "  ").Append(path);
            column += path.Length + 2;
            isFirst = false;
        }

        text.Append(note.Length > 0 ? $"  ({note})\n" : "\n");
    }

    private static string? MethodOf(RouteEndpoint route) =>
        route.Metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods: [var first, ..] } ? first : null;

    private static string NoteOf(RouteEndpoint route) => route.Metadata.GetMetadata<ListedRoute>()?.Note ?? "";

    private static string PatternOf(RouteEndpoint route) => route.RoutePattern.RawText ?? "";

    private static IEnumerable<string> PathsOf(RouteEndpoint route) =>
        route.Metadata.GetMetadata<ListedRoute>() is { Paths: { } paths } ? paths() : [Parameter().Replace(PatternOf(route), "NAME")];

    [GeneratedRegex(@"\{[^}]*\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();
}

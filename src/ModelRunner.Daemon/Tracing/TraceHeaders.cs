using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;

namespace ModelRunner.Daemon.Tracing;

/// <summary>Reads and writes the headers of W3C Trace Context.</summary>
internal static class TraceHeaders
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-*/");

    private const string Parent = "traceparent";
    private const string State = "tracestate";

    /// <summary>The longest <c>tracestate</c> that is passed on. The standard requires at least this many characters.</summary>
    private const int MaxState = 512;

    private const int FlagsStart = 53;

    /// <summary>The most entries of a <c>tracestate</c>, by the standard.</summary>
    private const int MaxStateEntries = 32;

    /// <summary>The flag of the standard's second version for a trace id that was chosen at random.</summary>
    private const ActivityTraceFlags RandomId = (ActivityTraceFlags)2;

    /// <summary>
    /// Reads the context that a client sent. An invalid <c>tracestate</c> is left out, and so are flags that the standard does not define.
    /// </summary>
    /// <returns>Null if there is none or its <c>traceparent</c> is invalid.</returns>
    public static ActivityContext? Read(IHeaderDictionary headers)
    {
        var parent = headers.TraceParent;
        if (parent.Count != 1)
            return null;
        string state = string.Join(',', headers.TraceState.ToArray());
        bool isUsable = state.Length is > 0 and <= MaxState && IsValidState(state);
        if (!ActivityContext.TryParse(parent[0], isUsable ? state : null, isRemote: true, out ActivityContext context))
            return null;
        byte sent = byte.Parse(parent[0].AsSpan(FlagsStart, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var flags = (ActivityTraceFlags)sent & (ActivityTraceFlags.Recorded | RandomId);
        return new ActivityContext(context.TraceId, context.SpanId, flags, context.TraceState, isRemote: true);
    }

    /// <summary>The flags of a span of this daemon: whether it is recorded is its own, what the client said of the id of the trace remains.</summary>
    public static ActivityContext WithFlagsOf(ActivityContext span, ActivityContext? client)
    {
        ActivityTraceFlags random = (client?.TraceFlags ?? ActivityTraceFlags.None) & RandomId;
        return new ActivityContext(span.TraceId, span.SpanId, (span.TraceFlags & ActivityTraceFlags.Recorded) | random, span.TraceState);
    }

    /// <summary>Writes a context into a request to a runner.</summary>
    public static void Write(ActivityContext context, HttpRequestHeaders headers)
    {
        string flags = ((int)context.TraceFlags).ToString("x2", CultureInfo.InvariantCulture);
        headers.TryAddWithoutValidation(Parent, $"00-{context.TraceId.ToHexString()}-{context.SpanId.ToHexString()}-{flags}");
        if (context.TraceState is { Length: > 0 } state)
            headers.TryAddWithoutValidation(State, state);
    }

    // Section 3.3.1: entries KEY=VALUE, separated by commas and optional white space. Empty entries are allowed.
    private static bool IsValidState(string state)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (string part in state.Split(','))
        {
            string entry = part.Trim(' ', '\t');
            if (entry.Length == 0)
                continue;
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !IsKey(entry.AsSpan(0, equals)) || !IsValue(entry.AsSpan(equals + 1)) || !keys.Add(entry[..equals]))
                return false;
        }

        return keys.Count is > 0 and <= MaxStateEntries;
    }

    // A key, or a tenant and a system with @ between them. The second version of the standard allows a digit at the start.
    private static bool IsKey(ReadOnlySpan<char> key)
    {
        int at = key.IndexOf('@');
        return at < 0
            ? key.Length <= 256 && IsName(key)
            : at <= 241 && IsName(key[..at]) && key.Length - at - 1 <= 14 && IsName(key[(at + 1)..]);
    }

    private static bool IsName(ReadOnlySpan<char> name) =>
        !name.IsEmpty && (char.IsAsciiLetterLower(name[0]) || char.IsAsciiDigit(name[0])) && !name.ContainsAnyExcept(NameCharacters);

    private static bool IsValue(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= 256 && !value.ContainsAnyExceptInRange(' ', '~') && !value.Contains('=');
}

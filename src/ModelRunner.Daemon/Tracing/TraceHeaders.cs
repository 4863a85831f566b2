using System.Diagnostics;
using System.Net.Http.Headers;

namespace ModelRunner.Daemon.Tracing;

/// <summary>Reads and writes the headers of W3C Trace Context.</summary>
internal static class TraceHeaders
{
    private const string Parent = "traceparent";
    private const string State = "tracestate";

    /// <summary>The longest <c>tracestate</c> that is passed on. The standard requires at least this many characters.</summary>
    private const int MaxState = 512;

    /// <summary>Reads the context that a client sent. An invalid <c>tracestate</c> is left out.</summary>
    /// <returns>Null if there is none or its <c>traceparent</c> is invalid.</returns>
    public static ActivityContext? Read(IHeaderDictionary headers)
    {
        var parent = headers.TraceParent;
        if (parent.Count != 1)
            return null;
        string state = string.Join(',', headers.TraceState.ToArray());
        bool isUsable = state.Length is > 0 and <= MaxState && !state.AsSpan().ContainsAnyExceptInRange(' ', '~');
        return ActivityContext.TryParse(parent[0], isUsable ? state : null, isRemote: true, out ActivityContext context) ? context : null;
    }

    /// <summary>Writes a context into a request to a runner.</summary>
    public static void Write(ActivityContext context, HttpRequestHeaders headers)
    {
        string flags = context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? "01" : "00";
        headers.TryAddWithoutValidation(Parent, $"00-{context.TraceId.ToHexString()}-{context.SpanId.ToHexString()}-{flags}");
        if (context.TraceState is { Length: > 0 } state)
            headers.TryAddWithoutValidation(State, state);
    }
}

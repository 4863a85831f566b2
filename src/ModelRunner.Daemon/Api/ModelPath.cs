using Microsoft.AspNetCore.Http.Features;

namespace ModelRunner.Daemon.Api;

/// <summary>Reads the name of a model from the path of a request: the part that the route calls <c>reference</c>.</summary>
internal static class ModelPath
{
    private const string Scheme = "https:/";

    /// <summary>
    /// The name, decoded once. Routing keeps an escaped slash, so only the raw target of the request tells a name that contains <c>%2F</c> from one with
    /// a slash.
    /// </summary>
    public static string Read(HttpContext context) => Decode(ReadRaw(context));

    /// <summary>The name, or a name and an action, in which slashes that the client has escaped are still escaped.</summary>
    public static string ReadRaw(HttpContext context)
    {
        string target = RawPath(context);
        if (target.Contains("%25", StringComparison.Ordinal))
        {
            target = CleanPath.Clean(target);
            string prefix = target.StartsWith("/models/", StringComparison.Ordinal) ? "/models/" : "/v1/models/";
            int start = target.IndexOf(prefix, StringComparison.Ordinal);
            if (start >= 0)
                return target[(start + prefix.Length)..];
        }

        return context.Request.RouteValues["reference"] as string ?? "";
    }

    /// <summary>Decodes a name.</summary>
    public static string Decode(string raw)
    {
        string name = Uri.UnescapeDataString(raw);

        // A path has no empty parts, so the address of a file on Hugging Face has lost a slash.
        return name.StartsWith(Scheme, StringComparison.Ordinal) && !name.StartsWith(Scheme + "/", StringComparison.Ordinal)
            ? string.Concat(Scheme, "/", name.AsSpan(Scheme.Length)) : name;
    }

    /// <summary>The path as the client sent it, neither decoded nor cleaned.</summary>
    public static string RawPath(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
}

using System.Text;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Removes empty segments from a path, as Docker Model Runner does: a base address that ends with a slash makes clients ask for
/// <c>//v1/models</c>. The path is changed in place, since many clients do not follow a redirect of a POST.
/// </summary>
internal sealed class CleanPath(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.Value is { } path && path.Contains("//", StringComparison.Ordinal))
            context.Request.Path = Clean(path);
        return next(context);
    }

    /// <summary>The path with single slashes and without a final one. Kestrel has already resolved dot segments.</summary>
    internal static string Clean(string path)
    {
        var clean = new StringBuilder(path.Length);
        foreach (char character in path)
            if (character != '/' || clean.Length == 0 || clean[^1] != '/')
                clean.Append(character);

        if (clean.Length > 1 && clean[^1] == '/')
            clean.Length--;
        return clean.ToString();
    }
}

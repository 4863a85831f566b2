using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>Reads the parameter <c>model</c> of a request that selects what belongs to one model.</summary>
internal static class ModelFilter
{
    private const int MaxValue = 100;

    /// <summary>The canonical reference; null: the request names no model. A model may have other names, and it may be gone.</summary>
    /// <exception cref="ApiException">It is no name of a model.</exception>
    public static async Task<string?> ReadAsync(HttpContext context, ModelCatalog catalog)
    {
        string text = context.Request.Query["model"].ToString();
        if (text.Length == 0)
            return null;
        if (!ModelQuery.TryParse(text, out ModelQuery query, out string? problem))
            throw new ApiException(ApiError.Invalid($"\"{PlainText.EscapeAndCut(text, MaxValue)}\" {problem}; write the name of a model", "model"));
        ModelLookup lookup = await catalog.FindAsync(text, context.RequestAborted);
        return lookup.Model?.Reference ?? query.ToString();
    }
}

using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>The parameter <c>model</c> of a request that selects what belongs to one model.</summary>
/// <param name="Reference">The canonical reference; null: the request names no model. A model may have other names, and it may be gone.</param>
/// <param name="Unknown">Says that no model has this name now; null: one has it, or this is not known.</param>
internal readonly record struct ModelFilter(string? Reference, ApiError? Unknown)
{
    private const int MaxValue = 100;

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">It is no name of a model.</exception>
    public static async Task<ModelFilter> ReadAsync(HttpContext context, ModelCatalog catalog)
    {
        string text = context.Request.Query["model"].ToString();
        if (text.Length == 0)
            return default;
        if (!ModelQuery.TryParse(text, out ModelQuery query, out string? problem))
            throw new ApiException(ApiError.Invalid($"\"{PlainText.EscapeAndCut(text, MaxValue)}\" {problem}; write the name of a model", "model"));
        ModelLookup lookup = await catalog.FindAsync(text, context.RequestAborted);
        return new ModelFilter(
            lookup.Model?.Reference ?? lookup.Reference ?? query.ToString(), lookup.Reason == ModelLookupReason.Unknown ? ApiErrors.NotKnown(lookup) : null);
    }
}
